import { useCallback } from "react";
import { useMutation, type AnyVariables, type OperationContext, type OperationResult, type TypedDocumentNode } from "urql";
import { FaultFields, faultOf, faultsOf, type Fault } from "./faults";
import { readFragment, type FragmentType } from "./generated";

// A change of one record may change what others show: a seat is part of a capacity, of compliance and of conflicts. So
// every cached result that contains one of these types is invalidated, and the queries of the current screen are sent again.
const MAY_HAVE_CHANGED = {
  additionalTypenames: ["GroupDefinition", "Occurrence", "Enrollment", "Closure"].flatMap((type) => [type, `${type}Connection`]),
};

/** The context of a dry run: what is on the screen stays as it is. */
export const CHANGES_NOTHING = {};

type WithFaults = { userErrors: ReadonlyArray<FragmentType<typeof FaultFields>> };
export type PayloadOf<Data> = Extract<Data[Exclude<keyof Data, "__typename">], WithFaults>;

export type Outcome<Payload> =
  | { payload: Payload; faults: null; refused: null }
  /** `refused` is the payload of a refusal. It is null if the mutation failed as a whole. */
  | { payload: null; faults: Fault[]; refused: Payload | null };

/**
 * Return a function that runs a mutation of one field, and whether it is running. Its outcome is either the payload, or
 * everything that is wrong with the input. The function never throws, and stays the same between renders.
 */
export function useAction<Data, Variables extends AnyVariables>(
  mutation: TypedDocumentNode<Data, Variables>,
  context: Partial<OperationContext> = MAY_HAVE_CHANGED,
): [run: (variables: Variables) => Promise<Outcome<PayloadOf<Data>>>, running: boolean] {
  const [{ fetching }, execute] = useMutation(mutation);

  const run = useCallback(
    async (variables: Variables): Promise<Outcome<PayloadOf<Data>>> => outcomeOf(await execute(variables, context)),
    [execute, context],
  );

  return [run, fetching];
}

function outcomeOf<Data>({ data, error }: Pick<OperationResult<Data>, "data" | "error">): Outcome<PayloadOf<Data>> {
  const [payload] = Object.entries(data ?? {})
    .filter(([name]) => name !== "__typename")
    .map(([, value]) => value as PayloadOf<Data> | null);
  if (error !== undefined && (payload === undefined || payload === null)) {
    return { payload: null, faults: faultsOf(error), refused: null };
  }
  if (payload === undefined || payload === null) throw new Error("A mutation without error has a payload.");
  const faults = readFragment(FaultFields, payload.userErrors).map(faultOf);
  return faults.length > 0 ? { payload: null, faults, refused: payload } : { payload, faults: null, refused: null };
}

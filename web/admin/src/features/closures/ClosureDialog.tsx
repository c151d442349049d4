import type { ReactNode } from "react";
import { useQuery } from "urql";
import { graphql, readFragment } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import type { PermissionKey } from "../../permissions/permissions";
import { Dialog } from "../../ui/Dialog";
import { AbsentRecord } from "../../ui/states";
import { useKept } from "../../ui/useKept";
import { ClosureRowFields } from "./closureRow";
import type { ClosureDialog as DialogName } from "./search";
import { useClosureDialog } from "./useClosureDialog";

const ClosureById = graphql(`
  query ClosureById($id: ID!) {
    node(id: $id) {
      type: __typename
      id
      ... on Closure {
        ...ClosureRow
      }
    }
  }
`);

type Props = {
  name: Exclude<DialogName, "add">;
  needs: PermissionKey;
  title: string | ((closure: ClosureRowFragment | undefined) => string);
  closures: readonly ClosureRowFragment[];
  children: (closure: ClosureRowFragment, close: () => void) => ReactNode;
};

/**
 * A dialog about the closure in the address. The lists of the page have most of them; one on another page is read by its
 * id. Once the dialog shows a closure, it stays, whatever others do with it.
 */
export function ClosureDialog({ name, needs, title, closures, children }: Props) {
  const { dialog, closureId, close } = useClosureDialog();
  const id = dialog === name ? closureId : undefined;
  const listed = closures.find((closure) => closure.id === id);
  const [result, read] = useQuery({
    query: ClosureById,
    variables: { id: id ?? "" },
    pause: id === undefined || listed !== undefined,
  });
  const node = result.data?.node;
  const single = node?.type === "Closure" && node.id === id ? readFragment(ClosureRowFields, node) : undefined;
  const shown = useKept(listed ?? single, id);
  return (
    <Dialog
      opened={dialog === name}
      needs={needs}
      title={typeof title === "string" ? title : title(shown)}
      onClose={close}
    >
      {shown !== undefined ? (
        children(shown, close)
      ) : (
        <AbsentRecord
          result={id === undefined ? { data: null, fetching: false } : result}
          onRetry={() => read({ requestPolicy: "network-only" })}
          title="There is no such closure"
        >
          It may have been deleted.
        </AbsentRecord>
      )}
    </Dialog>
  );
}

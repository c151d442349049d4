import type { ReactNode } from "react";
import { graphql, readFragment } from "../../api/generated";
import type { SessionDetailsFragment, SessionFormFragment } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { EmptyState, Loaded } from "../../ui/states";
import { SessionDetailsFields } from "./SessionDetails";
import { SessionFormFields } from "./sessionValues";

const SessionDocument = graphql(`
  query Session($id: ID!, $seesPatients: Boolean!) {
    occurrence(id: $id) {
      id
      ...SessionDetails
      ...SessionForm
    }
  }
`);

export type LoadedSession = { details: SessionDetailsFragment; version: SessionFormFragment; refresh: () => void };

/** Loads a session for a dialog about it. */
export function SessionById({ id, children }: { id: string; children: (session: LoadedSession) => ReactNode }) {
  const may = usePermissions();
  const result = useLiveQuery(SessionDocument, { id, seesPatients: may("pm.group_enrollments.view") });
  return (
    <Loaded result={result}>
      {({ occurrence }) =>
        occurrence ? (
          children({
            details: readFragment(SessionDetailsFields, occurrence),
            version: readFragment(SessionFormFields, occurrence),
            refresh: result.refresh,
          })
        ) : (
          <NoSuchSession />
        )
      }
    </Loaded>
  );
}

export function NoSuchSession() {
  return <EmptyState title="There is no such session">Its address may be incomplete, or it is of another organization.</EmptyState>;
}

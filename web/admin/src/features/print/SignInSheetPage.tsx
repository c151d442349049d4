import { Button, SegmentedControl, Text } from "@mantine/core";
import IconPrinter from "@tabler/icons-react/icons/IconPrinter";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { SheetSessionQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { EmptyState, LeftOut, Loaded, NoPermission } from "../../ui/states";
import type { SheetSearch } from "./search";
import { NamedSheet, NamelessSheet } from "./Sheet";
import classes from "./Sheet.module.css";

const SheetSession = graphql(`
  query SheetSession($id: ID!, $seesGroups: Boolean!) {
    occurrence(id: $id) {
      id
      status
      expected
      ...SheetHead
    }
  }
`);

const route = getRouteApi("/sessions/$sessionId/sign-in-sheet");

/** A sheet on which the patients of a session sign. Its title and address name nobody: browsers print both. */
export function SignInSheetPage() {
  const { sessionId } = route.useParams();
  const may = usePermissions();
  if (!may("pm.group_schedule.view")) return <NoPermission wholePage what="sessions" needs="pm.group_schedule.view" />;
  return <SheetOfSession id={sessionId} key={sessionId} />;
}

function SheetOfSession({ id }: { id: string }) {
  const may = usePermissions();
  const result = useLiveQuery(SheetSession, { id, seesGroups: may("pm.group_definitions.view") });
  return (
    <Loaded result={result}>
      {({ occurrence }) =>
        occurrence == null ? (
          <EmptyState wholePage title="There is no such session">
            <title>Not found · Group sessions</title>
            Its address may be incomplete, or it is of another organization.
          </EmptyState>
        ) : occurrence.status === "CANCELLED" ? (
          <EmptyState wholePage title="This session is cancelled">
            <title>Sign-in sheet · Group sessions</title>
            Nobody is expected, so there is no sheet to sign.
          </EmptyState>
        ) : (
          <SheetVersions session={occurrence} />
        )
      }
    </Loaded>
  );
}

type Session = NonNullable<SheetSessionQuery["occurrence"]>;

function SheetVersions({ session }: { session: Session }) {
  const may = usePermissions();
  const { version } = route.useSearch();
  const navigate = useNavigate({ from: "/sessions/$sessionId/sign-in-sheet" });
  const seesNames = may("pm.group_enrollments.view");
  const named = seesNames && version === undefined;
  const choose = (next: string) =>
    void navigate({ search: { version: next === "" ? undefined : (next as SheetSearch["version"]) }, replace: true });
  return (
    <>
      <div className={classes.controls}>
        <PageHeader
          title="Sign-in sheet"
          below={
            <Text c="dimmed" maw={560}>
              {named
                ? "The name that each patient goes by, or else the first name, and the initials."
                : "Numbered lines. Nothing on the sheet says who comes, except for what they write."}
            </Text>
          }
          actions={
            <>
              {seesNames && (
                <SegmentedControl
                  aria-label="Version"
                  data={[
                    { value: "", label: "Name and initials" },
                    { value: "without-names", label: "Without names" },
                  ]}
                  value={version ?? ""}
                  onChange={choose}
                />
              )}
              <Button leftSection={<IconPrinter size={18} />} onClick={() => window.print()}>
                Print
              </Button>
            </>
          }
        />
        {!seesNames && <LeftOut what="who is expected" needs="pm.group_enrollments.view" />}
      </div>
      {named ? <NamedSheet session={session} id={session.id} /> : <NamelessSheet session={session} lines={session.expected} />}
    </>
  );
}

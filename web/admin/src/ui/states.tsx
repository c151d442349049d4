// What shows in place of content: while it loads, if there is none, if it failed, or if the person may not see it.

import { Alert, Button, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import IconInbox from "@tabler/icons-react/icons/IconInbox";
import IconLock from "@tabler/icons-react/icons/IconLock";
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import type { LiveResult } from "../api/useLiveQuery";
import { isOfNoRecord, problemOf } from "../api/faults";
import type { PermissionKey } from "../permissions/permissions";

type Action = { label: string; run: () => void };

type EmptyProps = { title: string; wholePage?: boolean; children?: ReactNode };

export function EmptyState({ title, wholePage = false, children }: EmptyProps) {
  return (
    <State icon={<IconInbox />} color="gray" title={title} level={wholePage ? 1 : 2}>
      {children}
    </State>
  );
}

/** Says what is left out, and which permission shows it. */
export function NoPermission({ what, needs, wholePage = false }: { what: string; needs: PermissionKey; wholePage?: boolean }) {
  return (
    <State icon={<IconLock />} color="gray" title={`You may not see ${what}`} level={wholePage ? 1 : 2}>
      It needs the permission {needs}. Ask an administrator of your clinic for it.
    </State>
  );
}

/** Says in one line what a part of a page leaves out, and which permission shows it. */
export function LeftOut({ what, needs }: { what: string; needs: PermissionKey }) {
  return (
    <Text c="dimmed" size="sm">
      You may not see {what}. It needs the permission {needs}.
    </Text>
  );
}

type ProblemProps = { title: string; detail: string; action?: Action; wholePage?: boolean };

export function ProblemState({ title, detail, action, wholePage = false }: ProblemProps) {
  return (
    <State icon={<IconAlertTriangle />} color="red" title={title} level={wholePage ? 1 : 2} role="alert">
      {detail}
      {action !== undefined && (
        <Button variant="default" mt="md" display="block" mx="auto" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </State>
  );
}

/**
 * Shows the data of a query as soon as there is some, and until then a skeleton or the problem. If a refresh fails, the
 * last data stays, with a note. An address with an impossible id is one of no record, which the data says already.
 */
export function Loaded<Data>({
  result: { data, error, refresh },
  children,
}: {
  result: LiveResult<Data>;
  children: (data: Data) => ReactNode;
}) {
  if (data === undefined || data === null) {
    if (error === undefined) return <Loading />;
    return <ProblemState {...problemOf(error)} action={{ label: "Try again", run: refresh }} />;
  }
  return (
    <>
      {error !== undefined && !isOfNoRecord(error) && (
        <Alert color="red" title={problemOf(error).title} mb="md">
          {problemOf(error).detail} Some of this page is missing or may be out of date.{" "}
          <Button variant="white" size="compact-sm" onClick={refresh}>
            Try again
          </Button>
        </Alert>
      )}
      {children(data)}
    </>
  );
}

type AbsentProps = {
  /** The query for the record by its id. */
  result: { data?: unknown; error?: CombinedError; fetching: boolean };
  onRetry: () => void;
  title: string;
  children: ReactNode;
};

/** Shows why a record of the address is not there: it loads, it could not be read, or there is none. */
export function AbsentRecord({ result: { data, error, fetching }, onRetry, title, children }: AbsentProps) {
  if (error !== undefined && !isOfNoRecord(error)) {
    return <ProblemState {...problemOf(error)} action={{ label: "Try again", run: onRetry }} />;
  }
  if (fetching || data === undefined) return <Loading />;
  return <EmptyState title={title}>{children}</EmptyState>;
}

export function Loading() {
  return (
    <Stack role="status" aria-label="Loading">
      {[1, 2, 3, 4, 5].map((row) => (
        <Skeleton key={row} height={44} />
      ))}
    </Stack>
  );
}

type StateProps = {
  icon: ReactNode;
  color: string;
  title: string;
  level?: 1 | 2;
  role?: "alert";
  children?: ReactNode;
};

function State({ icon, color, title, level = 2, role, children }: StateProps) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center" role={role}>
      <ThemeIcon variant="light" color={color} size={48} radius="xl">
        {icon}
      </ThemeIcon>
      <Title order={level} size="h4">
        {title}
      </Title>
      <Text component="div" c="dimmed" maw={480}>
        {children}
      </Text>
    </Stack>
  );
}

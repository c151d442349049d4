import { Center, Loader, Stack, Title } from "@mantine/core";
import { createContext, use, type ReactNode } from "react";
import { useQuery } from "urql";
import { graphql } from "../api/generated";
import type { ViewerQuery } from "../api/generated/graphql";
import { problemOf } from "../api/faults";
import { PermissionsProvider } from "../permissions/permissions";
import { claims } from "../session/settings";
import { signOut } from "../session/signIn";
import { ProblemState } from "../ui/states";
import { ConnectionBanner } from "./ConnectionBanner";

const Viewer = graphql(`
  query Viewer {
    viewer {
      id
      organizationId
      permissions
    }
  }
`);

const ViewerContext = createContext<ViewerQuery["viewer"] | null>(null);

/** Asks the server who is signed in and what they may do, before anything else shows. */
export function ViewerGate({ children }: { children: ReactNode }) {
  const [{ data, error }, refresh] = useQuery({ query: Viewer });
  if (data !== undefined && data.viewer.permissions.length > 0) {
    return (
      <ViewerContext value={data.viewer}>
        <PermissionsProvider keys={data.viewer.permissions}>{children}</PermissionsProvider>
      </ViewerContext>
    );
  }
  return (
    <Center component="main" mih="100dvh" p="md">
      {data !== undefined ? (
        <ProblemState
          wholePage
          title="You have no permissions here"
          detail={`You are signed in as ${data.viewer.id} of ${data.viewer.organizationId}, without any permission for group sessions. The server looks for permissions in ${claimsInWords(claims.permissions)} of your sign-in, and for roles in ${claimsInWords(claims.roles)}. Ask an administrator of your clinic for a permission or a role.`}
          action={{ label: "Sign out", run: () => void signOut() }}
        />
      ) : error !== undefined ? (
        <ProblemState wholePage {...problemOf(error)} action={{ label: "Try again", run: refresh }} />
      ) : (
        <Stack align="center">
          <ConnectionBanner />
          <Stack align="center" gap="xs" role="status">
            <Loader size="sm" />
            <Title order={1} size="md" fw={400} c="dimmed">
              Signing in …
            </Title>
          </Stack>
        </Stack>
      )}
    </Center>
  );
}

function claimsInWords(paths: readonly string[]): string {
  return `the ${paths.length === 1 ? "claim" : "claims"} ${new Intl.ListFormat("en").format(paths)}`;
}

export function useViewer(): ViewerQuery["viewer"] {
  const viewer = use(ViewerContext);
  if (viewer === null) throw new Error("useViewer needs ViewerGate around it.");
  return viewer;
}

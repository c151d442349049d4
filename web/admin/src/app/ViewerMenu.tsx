import { ActionIcon, Button, Popover, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import type { MantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import IconCode from "@tabler/icons-react/icons/IconCode";
import IconLogout from "@tabler/icons-react/icons/IconLogout";
import IconUserCircle from "@tabler/icons-react/icons/IconUserCircle";
import { forgetActivity } from "../activity/activity";
import { signOut } from "../session/signIn";
import { currentSession } from "../session/token";
import { DiscardDialog } from "../ui/DiscardDialog";
import { isAnythingTyped } from "../ui/dirtyForms";
import { servesGraphiql, serverUrl } from "./address";
import { useViewer } from "./ViewerGate";

const SCHEMES: { value: MantineColorScheme; label: string }[] = [
  { value: "auto", label: "Auto" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

/** Who is signed in, the color scheme, the way to GraphiQL, and sign-out. */
export function ViewerMenu() {
  const viewer = useViewer();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [asking, { open: askToDiscard, close: keepEditing }] = useDisclosure();
  return (
    <>
      <Popover position="bottom-end" width={260} shadow="md" trapFocus>
        <Popover.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account: ${viewer.id}`}>
            <IconUserCircle size={22} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown aria-label="Account">
          <Stack gap="sm">
            <div>
              <Text size="sm" fw={600} truncate>
                {viewer.id}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {viewer.organizationId}
              </Text>
            </div>
            <SegmentedControl
              aria-label="Colors"
              size="sm"
              fullWidth
              data={SCHEMES}
              value={colorScheme}
              onChange={(scheme) => setColorScheme(scheme)}
            />
            {servesGraphiql && (
              <Button variant="default" leftSection={<IconCode size={16} />} onClick={openGraphiql}>
                GraphiQL for developers
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<IconLogout size={16} />}
              onClick={() => (isAnythingTyped() ? askToDiscard() : leave())}
            >
              Sign out
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <DiscardDialog opened={asking} onKeep={keepEditing} onDiscard={leave} />
    </>
  );
}

/** Open GraphiQL in a new tab, signed in. Browsers do not send the part after #, and GraphiQL removes it. */
function openGraphiql(): void {
  window.open(`${serverUrl("graphiql")}#token=${currentSession().token}`, "_blank", "noopener");
}

function leave(): void {
  forgetActivity();
  void signOut();
}

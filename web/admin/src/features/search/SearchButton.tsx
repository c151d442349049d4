import { ActionIcon, Box, Button, Kbd, Modal, TextInput, VisuallyHidden } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import IconSearch from "@tabler/icons-react/icons/IconSearch";
import { lazy, Suspense, useRef, useState } from "react";
import { Loading } from "../../ui/states";
import classes from "./Search.module.css";

const SearchPanel = lazy(() => import("./SearchPanel"));

/** What was typed before the code of the search had loaded, and whether Enter was pressed. */
export type Early = { text: string; entered: boolean };

const ON_APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The search in the header, which Ctrl-K opens from everywhere. What is typed into it is in no address. */
export function SearchButton() {
  const [opened, setOpened] = useState(false);
  const [early, setEarly] = useState<Early>({ text: "", entered: false });
  const focused = useRef<Element | null>(null);
  useHotkeys([["mod+K", open]], []);

  function open(): void {
    focused.current ??= document.activeElement;
    setEarly({ text: "", entered: false });
    setOpened(true);
  }

  function close(): void {
    if (focused.current instanceof HTMLElement) focused.current.focus();
    focused.current = null;
    setOpened(false);
  }

  return (
    <>
      <Button
        variant="default"
        className={classes.wideButton}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          <Kbd size="xs" aria-hidden>
            {ON_APPLE ? "⌘ K" : "Ctrl K"}
          </Kbd>
        }
        aria-keyshortcuts={ON_APPLE ? "Meta+K" : "Control+K"}
        onClick={open}
      >
        Search <VisuallyHidden>everything</VisuallyHidden>
      </Button>
      <ActionIcon variant="subtle" color="gray" size="lg" className={classes.narrowButton} aria-label="Search everything" onClick={open}>
        <IconSearch size={20} stroke={1.6} />
      </ActionIcon>
      <Modal
        opened={opened}
        onClose={close}
        title="Search everything"
        size="lg"
        yOffset="8dvh"
        zIndex={300} // over a dialog or a drawer that is open
        // The panel chooses where the focus goes: back, to the page that it opens, or into the drawer.
        returnFocus={false}
      >
        <Suspense fallback={<EarlyField early={early} onChange={setEarly} />}>
          <SearchPanel early={early} onClose={close} />
        </Suspense>
      </Modal>
    </>
  );
}

/** The field of the search while its code loads. The panel takes over what is typed here. */
function EarlyField({ early, onChange }: { early: Early; onChange: (early: Early) => void }) {
  return (
    <>
      <TextInput
        data-autofocus
        aria-label="Search everything"
        description="Loading …"
        autoComplete="off"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={early.text}
        onChange={(event) => onChange({ text: event.currentTarget.value, entered: false })}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.nativeEvent.isComposing) onChange({ ...early, entered: true });
        }}
      />
      <Box mt="md">
        <Loading />
      </Box>
    </>
  );
}

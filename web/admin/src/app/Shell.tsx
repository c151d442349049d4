import { AppShell, Burger, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { closeToasts } from "../activity/activity";
import { ActivityMenu } from "../activity/ActivityMenu";
import { PatientDrawer } from "../features/patients/PatientDrawer";
import { SessionOverPage } from "../features/sessions/SessionOverPage";
import { SearchButton } from "../features/search/SearchButton";
import { usePermissions } from "../permissions/permissions";
import { ConnectionBanner } from "./ConnectionBanner";
import icon from "../icon.svg";
import { keepFocus } from "./keepFocus";
import { screensFor } from "./navigation";
import classes from "./Shell.module.css";
import { ViewerMenu } from "./ViewerMenu";

/** The frame of every screen: header, navigation and the page. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const main = useFocusOnNavigation(close);
  const burger = useRef<HTMLButtonElement>(null);
  useEffect(keepFocus, []);
  // Escape closes what lies over the page: the navigation of a phone, or toasts, which may cover what has the focus.
  const uncover = () => {
    if (opened) {
      close();
      burger.current?.focus();
    } else if (document.querySelector('[role="dialog"]') === null) {
      closeToasts();
    }
  };
  useHotkeys([["Escape", uncover, { preventDefault: false }]]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", md: "xl" }}
    >
      <a href="#main" className={classes.skip} onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the page
      </a>
      <AppShell.Header className={classes.header}>
        <Group gap={8} wrap="nowrap">
          <Burger
            ref={burger}
            opened={opened}
            onClick={toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label="Navigation"
            aria-expanded={opened}
          />
          <Link to="/" className={classes.home}>
            <img src={icon} alt="" width={22} height={22} />
            Group sessions
          </Link>
        </Group>
        <Group gap={4} wrap="nowrap">
          <SearchButton />
          <ActivityMenu />
          <ViewerMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Screens" className={classes.navigation} mod={{ opened }}>
        <Navigation onNavigate={close} />
      </AppShell.Navbar>
      <AppShell.Main ref={main} id="main" tabIndex={-1} className={classes.main} mod={{ covered: opened }}>
        <ConnectionBanner />
        <Outlet />
      </AppShell.Main>
      <SessionOverPage />
      <PatientDrawer />
    </AppShell>
  );
}

function Navigation({ onNavigate }: { onNavigate: () => void }) {
  const may = usePermissions();
  const items = screensFor(may);
  if (items.length === 0) {
    return (
      <Text size="sm" c="dimmed" p="sm">
        None of your permissions opens a screen.
      </Text>
    );
  }
  return items.map(({ to, label, icon: Icon }) => (
    <NavLink
      key={to}
      renderRoot={(props) => <Link to={to} activeProps={{ "data-active": true }} {...props} />}
      label={label}
      leftSection={<Icon size={18} stroke={1.6} />}
      onClick={onNavigate}
      className={classes.item}
    />
  ));
}

/** Moves the focus to the page after each change of the path, as a browser does after loading a page. */
function useFocusOnNavigation(close: () => void) {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    close();
    main.current?.focus({ preventScroll: true });
  }, [pathname, close]);
  return main;
}

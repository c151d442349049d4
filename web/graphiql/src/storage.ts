// What GraphiQL remembers, and for how long. Variables hold ids of patients, and a clinic's computers are shared. So
// the tabs last until the browser tab closes, or somebody else signs in. Only the color theme lasts longer. Everything
// else, such as the history of queries and the headers, ends with the page.

import type { Tab } from "./examples";

const THEME = "graphiql:theme";
const TABS = "graphiql:tabState";
const OWNER = "group-sessions:owner-of-tabs";

export type PageStorage = ReturnType<typeof storageOf>;

/** Returns storage for GraphiQL, after removing what another person left in this browser tab. */
export function storageOf(owner: string) {
  if (sessionStorage.getItem(OWNER) !== owner) {
    removeTabs();
    sessionStorage.setItem(OWNER, owner);
  }
  const memory = new Map<string, string>();
  const browserStorage = (key: string) => (key === THEME ? localStorage : key === TABS ? sessionStorage : null);
  return {
    getItem(key: string) {
      const storage = browserStorage(key);
      return storage === null ? (memory.get(key) ?? null) : storage.getItem(key);
    },
    setItem(key: string, value: string) {
      // GraphiQL stores tabs with a delay, so a write may come after its owner has signed out.
      if (key === TABS && sessionStorage.getItem(OWNER) !== owner) return;
      const storage = browserStorage(key);
      if (storage === null) memory.set(key, value);
      else storage.setItem(key, value);
    },
    removeItem(key: string) {
      memory.delete(key);
      browserStorage(key)?.removeItem(key);
    },
    clear: () => memory.clear(),
    get length() {
      return memory.size;
    },
  };
}

/** Removes the tabs of the person who signs out. */
export function removeTabs(): void {
  sessionStorage.removeItem(TABS);
  sessionStorage.removeItem(OWNER);
}

/** Returns the tab that was open before a reload, or null if no tabs are stored. */
export function activeTab(storage: PageStorage): Tab | null {
  try {
    const stored = JSON.parse(storage.getItem(TABS) ?? "null");
    const { query, variables } = stored.tabs[stored.activeTabIndex];
    return { query: query ?? "", variables: variables ?? "" };
  } catch {
    return null;
  }
}

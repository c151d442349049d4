import { StrictMode, useEffect, useState, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { demoIds } from "./exampleIds";
import { exampleTabs, type Tab } from "./examples";
import { signedFetcher } from "./fetcher";
import { SignedIn, SignIn } from "./signIn";
import { activeTab, storageOf } from "./storage";
import { currentToken, onTokenChange, personOf, type Person } from "./token";

const DEMO_ORGANIZATION = "demo-clinic";

export function showPage(element: HTMLElement): void {
  createRoot(element).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}

function Page() {
  const token = useSyncExternalStore(onTokenChange, currentToken);
  const person = token === null ? null : personOf(token);
  const [refused, setRefused] = useState(false);
  useEffect(() => setRefused(false), [token]);
  return (
    <>
      <header className="page-header">
        <h1>Group sessions</h1>
        {person !== null && <SignedIn person={person} />}
      </header>
      <main>
        {(person === null || refused) && <SignIn refused={refused} />}
        {/* If a token is refused, the editor stays, with the person's work. A new token continues it. */}
        {person !== null && (
          <Editor person={person} refused={refused} onRefused={() => setRefused(true)} key={ownerOf(person)} />
        )}
      </main>
    </>
  );
}

function ownerOf({ organization, subject }: Person): string {
  return JSON.stringify([organization, subject]);
}

type EditorProps = { person: Person; refused: boolean; onRefused: () => void };

function Editor({ person, refused, onRefused }: EditorProps) {
  const [fetcher] = useState(() => signedFetcher(onRefused));
  const [storage] = useState(() => storageOf(ownerOf(person)));
  const [tabs, setTabs] = useState<Tab[] | null>(() => {
    const restored = activeTab(storage);
    if (restored !== null) return [restored]; // GraphiQL restores the others from the same storage
    return person.organization === DEMO_ORGANIZATION ? null : exampleTabs(new Date());
  });
  useEffect(() => {
    if (tabs !== null || refused) return;
    // Null means that the server refused the token. The ids are then loaded with the next one.
    void demoIds(fetcher).then((ids) => ids && setTabs(exampleTabs(new Date(), ids)));
  }, [tabs, refused, fetcher]);
  if (tabs === null) return null;
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      defaultTabs={tabs}
      initialQuery={tabs[0]?.query}
      initialVariables={tabs[0]?.variables}
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      defaultEditorToolsVisibility="variables"
      schemaDescription
    />
  );
}

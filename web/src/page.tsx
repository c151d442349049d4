import { StrictMode, useEffect, useState, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { exampleTabs } from "./examples";
import { signedFetcher } from "./fetcher";
import { pageMemory } from "./memory";
import { SignedIn, SignIn } from "./signIn";
import { currentToken, onTokenChange } from "./token";

export function showPage(element: HTMLElement): void {
  createRoot(element).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}

function Page() {
  const token = useSyncExternalStore(onTokenChange, currentToken);
  const [refused, setRefused] = useState(false);
  useEffect(() => setRefused(false), [token]);
  return (
    <>
      <header className="page-header">
        <span className="page-title">Group sessions</span>
        {token !== null && <SignedIn token={token} />}
      </header>
      {(token === null || refused) && <SignIn refused={refused} />}
      {/* A refused token leaves GraphiQL in place, with what was being written; signing out clears it all. */}
      {token !== null && <Editor onRefused={() => setRefused(true)} key={token.split(".")[1]} />}
    </>
  );
}

function Editor({ onRefused }: { onRefused: () => void }) {
  const [tabs] = useState(() => exampleTabs(new Date()));
  const [fetcher] = useState(() => signedFetcher(onRefused));
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={pageMemory}
      defaultTabs={tabs}
      initialQuery={tabs[0]?.query}
      initialVariables={tabs[0]?.variables}
      isHeadersEditorEnabled={false}
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      defaultEditorToolsVisibility="variables"
      schemaDescription
    />
  );
}

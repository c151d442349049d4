import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "./app.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Provider as ApiProvider } from "urql";
import { createApiClient } from "../api/client";
import { LiveChanges } from "../live/LiveChanges";
import { RefusedPage } from "../session/RefusedPage";
import { SignInAgain } from "../session/SignInAgain";
import { SignInPage } from "../session/SignInPage";
import { useSession } from "../session/useSession";
import { styleNonce } from "./address";
import { router } from "./router";
import { theme } from "./theme";
import { ViewerGate } from "./ViewerGate";

export function showPage(element: HTMLElement): void {
  setNonce(styleNonce); // for the style element that keeps the page from scrolling behind a dialog
  createRoot(element).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
        <Notifications position="bottom-right" layout="stacked" />
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}

function App() {
  const { token, refusal, accepted, generation } = useSession();
  if (token === null) return <SignInPage />;
  if (refusal !== null && !accepted) return <RefusedPage refusal={refusal} />;
  return <SignedIn key={generation} />;
}

/** Everything of one signed-in person. Its key makes the next person start with an empty cache. */
function SignedIn() {
  const [client] = useState(createApiClient);
  return (
    <ApiProvider value={client}>
      <ViewerGate>
        <LiveChanges />
        <RouterProvider router={router} />
      </ViewerGate>
      <SignInAgain />
    </ApiProvider>
  );
}

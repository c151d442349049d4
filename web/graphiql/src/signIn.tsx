import { useState, type FormEvent } from "react";
import { removeTabs } from "./storage";
import { cleanToken, setToken, type Person } from "./token";

export function SignIn({ refused }: { refused: boolean }) {
  const [fault, setFault] = useState<string | null>(null);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const token = cleanToken(new FormData(form).get("token") as string);
    if (token === null) {
      setFault("This is not a token. A token has three parts, separated by dots.");
      return;
    }
    form.reset();
    setFault(null);
    setToken(token);
  }

  return (
    <form className="sign-in" onSubmit={submit} autoComplete="off">
      <h2>{refused ? "The server no longer accepts this token" : "Sign in to use the API"}</h2>
      <p>
        Open a sign-in link that the server printed, or paste a token from <code>group-sessions token</code>. The page
        keeps the token in memory until you close or reload it.
      </p>
      <label htmlFor="token">Token</label>
      <div className="sign-in-row">
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={fault !== null}
          aria-describedby={fault === null ? undefined : "token-fault"}
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page has nothing else to use or to read
          autoFocus
          required
        />
        <button type="submit">Sign in</button>
      </div>
      {fault !== null && (
        <p role="alert" id="token-fault">
          {fault}
        </p>
      )}
    </form>
  );
}

export function SignedIn({ person }: { person: Person }) {
  function signOut() {
    removeTabs();
    setToken(null);
  }

  return (
    <>
      <span className="page-person">
        Signed in as <strong>{person.subject}</strong> of <strong>{person.organization}</strong> ({person.access})
      </span>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </>
  );
}

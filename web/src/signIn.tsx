import { useState, type FormEvent } from "react";
import { cleanToken, personOf, setToken } from "./token";

export function SignIn({ refused }: { refused: boolean }) {
  const [fault, setFault] = useState<string | null>(null);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const token = cleanToken(new FormData(form).get("token") as string);
    if (token === null) {
      setFault("That is no token: a token has three parts with dots between them.");
      return;
    }
    form.reset();
    setFault(null);
    setToken(token);
  }

  return (
    <form className="sign-in" onSubmit={submit} autoComplete="off">
      <h1>{refused ? "The server does not accept this token any more" : "Sign in to use the API"}</h1>
      <p>
        Open a sign-in link that the server printed, or paste a token of <code>group-sessions token</code> here. It stays
        in this page's memory and is gone when the page closes.
      </p>
      <label htmlFor="token">Token</label>
      <div className="sign-in-row">
        <input id="token" name="token" type="password" autoComplete="off" spellCheck={false} autoFocus required />
        <button type="submit">Sign in</button>
      </div>
      {fault !== null && <p role="alert">{fault}</p>}
    </form>
  );
}

export function SignedIn({ token }: { token: string }) {
  const person = personOf(token);
  return (
    <>
      <span>
        Signed in as <strong>{person.subject}</strong> of <strong>{person.organization}</strong> ({person.access})
      </span>
      <button type="button" onClick={() => setToken(null)}>
        Sign out
      </button>
    </>
  );
}

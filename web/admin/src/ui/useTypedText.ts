import { useEffect, useRef, useState } from "react";

const PAUSE_MILLISECONDS = 250;

/**
 * Return the text of a search field, and a function that sets it. `commit` gets the text after a pause in typing. If
 * the committed text changes elsewhere, such as by Back, the field shows that.
 */
export function useTypedText(committed: string, commit: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function type(text: string): void {
    setTyped(text);
    clearTimeout(timer.current);
    const finish = () => {
      setTyped(null);
      commit(text.trim());
    };
    if (text === "") finish();
    else timer.current = setTimeout(finish, PAUSE_MILLISECONDS);
  }

  return [typed ?? committed, type];
}

import { useEffect, useState } from 'react';
import { useTexts } from '../i18n';
import { describeError } from '../i18n/describe';

/** What was found for a text that is being typed; `found` is absent until the first answer. */
export interface Found<T> {
  found?: readonly T[];
  error?: string;
}

/**
 * Asks for the text once it has rested for `afterMs`. An answer that is not wanted any more is left out; an empty text
 * asks for nothing. `ask` has to be the same function each time.
 */
export function useFound<T>(text: string, ask: (text: string) => Promise<readonly T[]>, afterMs: number): Found<T> {
  const texts = useTexts();
  const [found, setFound] = useState<readonly T[]>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (text === '') {
      setFound(undefined);
      return undefined;
    }
    let isWanted = true;
    const timer = setTimeout(() => {
      ask(text).then(
        (answer) => {
          if (!isWanted) return;
          setFound(answer);
          setError(undefined);
        },
        (failure: unknown) => {
          if (isWanted) setError(describeError(failure, texts));
        },
      );
    }, afterMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text, ask, afterMs, texts]);
  return { ...(found && { found }), ...(error !== undefined && { error }) };
}

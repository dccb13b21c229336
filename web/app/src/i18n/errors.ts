/** What the app says about failures. Keys are the server's codes and close statuses. */
export interface ErrorTexts {
  codes: Record<number, string>;
  unknownCode: (code: number) => string;
  timeout: string;
  lost: string;
  offline: string;
  overloaded: string;
  protocol: string;
  unknown: string;
  closed: Record<number, string>;
  media: {
    denied: string;
    notFound: string;
    inUse: string;
    insecure: string;
    failed: string;
    notPermitted: string;
    effect: string;
    effectSlow: string;
  };
  meeting: {
    unreachable: string;
    refused: string;
    full: string;
    busy: string;
    failed: string;
    noMedia: string;
  };
}

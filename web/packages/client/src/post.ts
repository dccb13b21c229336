import { TurmsError } from './errors.js';

export interface PostOptions {
  /** Ends the upload; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** How much of the form has left, between 0 and 1. */
  onProgress?: (part: number) => void;
}

export type Fetch = typeof globalThis.fetch;

/**
 * Posts a form; returns the status of the answer. Rejects with a `TurmsError` when the connection breaks. Only browsers tell of
 * progress; elsewhere there is none.
 */
export async function postForm(fetch: Fetch, url: string, form: FormData, { signal, onProgress }: PostOptions): Promise<number> {
  if (onProgress && typeof XMLHttpRequest === 'function') return postTold(url, form, signal, onProgress);
  const response = await fetch(url, { method: 'POST', body: form, ...(signal && { signal }) });
  return response.status;
}

function postTold(url: string, form: FormData, signal: AbortSignal | undefined, onProgress: (part: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort);
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total);
    };
    request.onload = () => resolve(request.status);
    request.onerror = () => reject(new TurmsError('offline', 'The connection broke during the upload'));
    request.onabort = () => reject(signal?.reason as Error);
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.open('POST', url);
    request.send(form);
  });
}

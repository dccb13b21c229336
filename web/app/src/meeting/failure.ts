import { ConnectionError, ConnectionErrorReason } from 'livekit-client';
import { MeetingFailure } from '../state/failures';

/** What a media server answers when it is asked whether somebody may join. */
export interface Answer {
  status: number;
  text: string;
}

/** Browsers do not tell why a WebSocket was refused, so it is asked for over HTTP. Nothing: no answer. */
export async function askWhyNot(url: string, token: string): Promise<Answer | undefined> {
  try {
    const address = new URL(`${url.replace(/^ws/, 'http').replace(/\/$/, '')}/rtc/validate`);
    address.searchParams.set('access_token', token);
    const response = await fetch(address, { signal: AbortSignal.timeout(3000) });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** Why joining failed, from what livekit-client threw. `ask` is called where it does not know. */
export async function toMeetingFailure(
  error: unknown,
  ask: () => Promise<Answer | undefined>,
): Promise<MeetingFailure> {
  if (!(error instanceof ConnectionError)) return new MeetingFailure('failed');
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
      return new MeetingFailure('refused');
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.Timeout:
      return new MeetingFailure('unreachable');
    default: {
      if (/pc connection|peer connection/i.test(error.message)) return new MeetingFailure('noMedia');
      const answer = await ask();
      if (answer?.status !== 503) return new MeetingFailure('failed');
      return new MeetingFailure(/max participants/.test(answer.text) ? 'full' : 'busy');
    }
  }
}

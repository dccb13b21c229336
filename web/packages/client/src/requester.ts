import { TurmsError } from './errors.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import type { RequestKind } from './wire.js';

/** What the parts of the API need of the client. */
export interface Requester {
  request(kind: RequestKind): Promise<TurmsNotification>;
}

/** The id that the server gave to what was created. */
export function createdId(answer: TurmsNotification): bigint {
  const data = answer.data?.kind;
  if (data?.case === 'long') return data.value;
  throw new TurmsError('protocol', 'The server answered without the id of what it created');
}

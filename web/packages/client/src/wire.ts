import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type TurmsNotification, TurmsNotificationSchema } from './gen/turms/notification_pb.js';
import { type TurmsRequest, TurmsRequestSchema } from './gen/turms/request_pb.js';

type KindInit = Extract<NonNullable<MessageInitShape<typeof TurmsRequestSchema>['kind']>, { case: string }>;

/** One of the protocol's requests: the name of its kind and its fields. */
export type RequestKind = KindInit;
export type RequestName = KindInit['case'];
export type RequestOf<Name extends RequestName> = Extract<KindInit, { case: Name }>['value'];
/** A request as it was relayed to us, by the name of its kind. */
export type RelayedRequest<Name extends RequestName> = Extract<TurmsRequest['kind'], { case: Name }>['value'];

export function encodeRequest(requestId: bigint, kind: RequestKind): Uint8Array {
  return toBinary(TurmsRequestSchema, create(TurmsRequestSchema, { requestId, kind }));
}

export function decodeNotification(bytes: Uint8Array): TurmsNotification {
  return fromBinary(TurmsNotificationSchema, bytes);
}

/** The server reads no request larger than this (`max-request-size-bytes`). */
export const maxRequestBytes = 16 * 1024;

/** The part of the WebSocket interface that browsers and the `ws` package share and that this client uses. */
export interface WebSocketLike {
  binaryType: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

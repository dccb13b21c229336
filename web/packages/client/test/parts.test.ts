import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TurmsNotificationSchema } from '../src/gen/turms/notification_pb.js';
import { Attachments, Presence, type Requester, Settings, UserStatus } from '../src/index.js';

type Kind = NonNullable<NonNullable<MessageInitShape<typeof TurmsNotificationSchema>['data']>['kind']>;

/** Answers each request with the same, and keeps what was asked. */
function answering(kind?: Kind) {
  const asked: unknown[] = [];
  const client: Requester = {
    request: async (request) => {
      asked.push(request.value);
      return create(TurmsNotificationSchema, { code: 1000, ...(kind && { data: { kind } }) });
    },
  };
  return { client, asked };
}

test('settings keep their types', async () => {
  const settings = { a: { kind: { case: 'stringValue' as const, value: 'x' } }, b: { kind: { case: 'boolValue' as const, value: true } }, c: { kind: { case: undefined } } };
  const { client, asked } = answering({ case: 'userSettings', value: { settings } });
  expect(await new Settings(client).get(['a', 'b'])).toEqual(new Map<string, unknown>([['a', 'x'], ['b', true]]));
  await new Settings(client).set({ a: 'x', b: true, c: 5n, d: 1.5 });
  expect(asked[1]).toEqual({
    settings: {
      a: { kind: { case: 'stringValue', value: 'x' } },
      b: { kind: { case: 'boolValue', value: true } },
      c: { kind: { case: 'int64Value', value: 5n } },
      d: { kind: { case: 'doubleValue', value: 1.5 } },
    },
  });
});

test('nobody is asked about nobody', async () => {
  const { client, asked } = answering();
  expect((await new Presence(client).of([])).size).toBe(0);
  expect(asked).toEqual([]);
  expect((await new Presence(client).of([1n])).size).toBe(0);
});

test('files of conversations', async () => {
  const info = { idNum: 7n, name: 'a.txt', mediaType: 'text/plain', uploaderId: 1n, creationDate: 5n };
  const { client, asked } = answering({ case: 'storageResourceInfos', value: { infos: [info] } });
  const files = new Attachments(client);
  expect(await files.list({ groupIds: [3n], since: 1, mine: true })).toEqual([{ id: 7n, name: 'a.txt', mediaType: 'text/plain', uploaderId: 1n, createdAt: 5 }]);
  expect(asked[0]).toEqual({ userIds: [], groupIds: [3n], creationDateStart: 1n, areSharedByMe: true });
  await files.share(7n, { userId: 2n });
  await files.unshare(7n, { groupId: 3n });
  expect(asked.slice(1)).toEqual([
    { attachmentIdNum: 7n, userIdToShareWith: 2n },
    { attachmentIdNum: 7n, groupIdToUnshareWith: 3n },
  ]);
});

test('statuses have names', () => expect(UserStatus.AVAILABLE).toBe(0));

import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { MeetingSchema } from '../src/gen/turms/model_pb.js';
import { TurmsNotificationSchema } from '../src/gen/turms/notification_pb.js';
import { readPush } from '../src/pushes.js';
import type { Notification } from './server.js';

function events(notification: Notification): { name: string; payload: unknown }[] {
  return readPush(create(TurmsNotificationSchema, { timestamp: 5000n, ...notification })).filter(
    (event) => event.name !== 'push',
  );
}

const relayed = (kind: NonNullable<NonNullable<Notification['relayedRequest']>['kind']>): Notification => ({
  requesterId: 7n,
  relayedRequest: { requestId: 3n, kind },
});

const cases: [string, Notification, { name: string; payload: unknown }[]][] = [
  [
    'a message',
    relayed({ case: 'createMessageRequest', value: { messageId: 1n, groupId: 2n, text: 'hi', deliveryDate: 4000n } }),
    [{ name: 'message', payload: { message: { id: 1n, groupId: 2n, senderId: 7n, sentAt: 4000, text: 'hi' } } }],
  ],
  [
    'a recall notice, its id big-endian',
    relayed({
      case: 'createMessageRequest',
      value: {
        messageId: 9n,
        groupId: 2n,
        deliveryDate: 4000n,
        isSystemMessage: true,
        records: [Uint8Array.of(1), Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2)],
      },
    }),
    [
      {
        name: 'message',
        payload: {
          message: {
            id: 9n,
            groupId: 2n,
            senderId: 7n,
            sentAt: 4000,
            text: '',
            system: { kind: 'recalled', messageId: 258n },
          },
        },
      },
    ],
  ],
  [
    'an invitation to a meeting',
    relayed({
      case: 'createMessageRequest',
      value: {
        messageId: 9n,
        groupId: 2n,
        deliveryDate: 4000n,
        isSystemMessage: true,
        records: [
          Uint8Array.of(2),
          toBinary(MeetingSchema, create(MeetingSchema, { id: 5n, groupId: 2n, creatorId: 7n, startDate: 3999n })),
        ],
      },
    }),
    [
      {
        name: 'message',
        payload: {
          message: {
            id: 9n,
            groupId: 2n,
            senderId: 7n,
            sentAt: 4000,
            text: '',
            system: { kind: 'meeting', meeting: { id: 5n, groupId: 2n, creatorId: 7n, startedAt: 3999 } },
          },
        },
      },
    ],
  ],
  [
    'a record that nobody can read',
    relayed({
      case: 'createMessageRequest',
      value: { messageId: 9n, isSystemMessage: true, records: [Uint8Array.of(2), Uint8Array.of(255, 255)] },
    }),
    [
      {
        name: 'message',
        payload: { message: { id: 9n, senderId: 7n, sentAt: 5000, text: '', system: { kind: 'other' } } },
      },
    ],
  ],
  ['a message without an id', relayed({ case: 'createMessageRequest', value: { text: 'hi' } }), []],
  [
    'an edit',
    relayed({ case: 'updateMessageRequest', value: { messageId: 1n, text: 'ho' } }),
    [{ name: 'messageUpdated', payload: { messageId: 1n, by: 7n, at: 5000, text: 'ho' } }],
  ],
  [
    'a recall',
    relayed({ case: 'updateMessageRequest', value: { messageId: 1n, recallDate: 4500n } }),
    [{ name: 'messageUpdated', payload: { messageId: 1n, by: 7n, at: 5000, recalledAt: 4500 } }],
  ],
  [
    'typing',
    relayed({ case: 'updateTypingStatusRequest', value: { isGroupMessage: true, toId: 2n } }),
    [{ name: 'typing', payload: { userId: 7n, groupId: 2n } }],
  ],
  [
    'a read date',
    relayed({ case: 'updateConversationRequest', value: { groupId: 2n, readDate: 4000n } }),
    [{ name: 'read', payload: { by: 7n, readAt: 4000, groupId: 2n } }],
  ],
  [
    'a removed member',
    relayed({ case: 'deleteGroupMembersRequest', value: { groupId: 2n, memberIds: [3n] } }),
    [{ name: 'membersChanged', payload: { groupId: 2n, change: 'removed', userIds: [3n], by: 7n } }],
  ],
  [
    'an accepted invitation',
    relayed({ case: 'updateGroupInvitationRequest', value: { invitationId: 4n, responseAction: 0 } }),
    [{ name: 'invitationAnswered', payload: { invitationId: 4n, by: 7n, accepted: true } }],
  ],
  [
    'a declined meeting',
    relayed({ case: 'updateMeetingInvitationRequest', value: { meetingId: 4n, responseAction: 1 } }),
    [{ name: 'meetingAnswered', payload: { meetingId: 4n, by: 7n, answer: 'decline' } }],
  ],
  [
    'the state of a meeting',
    {
      data: {
        kind: {
          case: 'meetingStates',
          value: {
            meetingStates: [
              {
                meetingId: 5n,
                groupId: 2n,
                creatorId: 7n,
                startDate: 4000n,
                version: 3n,
                participants: [{ userId: 7n, name: 'Bob', joinedDate: 4100n, microphone: true }],
              },
            ],
          },
        },
      },
    },
    [
      {
        name: 'meeting',
        payload: {
          id: 5n,
          groupId: 2n,
          creatorId: 7n,
          startedAt: 4000,
          version: 3n,
          participants: [
            { userId: 7n, name: 'Bob', joinedAt: 4100, microphone: true, camera: false, screen: false },
          ],
        },
      },
    ],
  ],
  [
    'a request to be a friend',
    relayed({ case: 'createFriendRequestRequest', value: { recipientId: 8n } }),
    [{ name: 'contactsChanged', payload: { by: 7n } }],
  ],
  ['a kind that it does not know', relayed({ case: 'createRelationshipGroupRequest', value: {} }), []],
];

test.each(cases)('%s', (_, notification, expected) => {
  expect(events(notification)).toEqual(expected);
});

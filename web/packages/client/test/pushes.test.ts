import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { MeetingSignalKind } from '../src/gen/turms/extension_pb.js';
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
                phase: 2,
                hostId: 7n,
                lobby: true,
                hands: [7n],
                people: [{ userId: 8n, role: 2, place: 1, call: 6, stoppedTracks: 5 }],
                liveDate: 4100n,
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
          life: {
            phase: 'live',
            hostId: 7n,
            locked: false,
            lobby: true,
            muted: false,
            hands: [7n],
            people: [
              {
                userId: 8n,
                role: 'participant',
                place: 'lobby',
                call: 'missed',
                attended: false,
                presentMs: 0,
                stopped: ['microphone', 'screen'],
              },
            ],
            breakouts: [],
            breakoutsOpen: false,
            liveSince: 4100,
          },
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
  [
    'a call',
    { data: { kind: { case: 'meetingSignal', value: { meetingId: 5n, groupId: 2n, kind: 1, byUserId: 7n, until: 4000n } } } },
    [{ name: 'meetingSignal', payload: { kind: 'ring', meetingId: 5n, groupId: 2n, by: 7n, until: 4000 } }],
  ],
  [
    'a call that another device answered',
    { data: { kind: { case: 'meetingSignal', value: { meetingId: 5n, kind: 2, call: 3 } } } },
    [{ name: 'meetingSignal', payload: { kind: 'ringOver', meetingId: 5n, call: 'answered' } }],
  ],
  [
    'being asked to unmute',
    { data: { kind: { case: 'meetingSignal', value: { meetingId: 5n, kind: 7, byUserId: 7n, tracks: 3 } } } },
    [{ name: 'meetingSignal', payload: { kind: 'unmuteAsked', meetingId: 5n, by: 7n, tracks: ['microphone', 'camera'] } }],
  ],
  [
    'being moved to a breakout room',
    { data: { kind: { case: 'meetingSignal', value: { meetingId: 5n, kind: 8, room: 2 } } } },
    [{ name: 'meetingSignal', payload: { kind: 'moved', meetingId: 5n, room: 2 } }],
  ],
  ['a signal of a later server', { data: { kind: { case: 'meetingSignal', value: { meetingId: 5n, kind: 99 as MeetingSignalKind } } } }, []],
];

test.each(cases)('%s', (_, notification, expected) => {
  expect(events(notification)).toEqual(expected);
});

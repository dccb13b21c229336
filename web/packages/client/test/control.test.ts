import { expect, test } from 'vitest';
import { MeetingAction } from '../src/gen/turms/extension_pb.js';
import { MeetingControl } from '../src/index.js';
import type { Requester } from '../src/requester.js';

const sent: unknown[] = [];
const client = {
  request: (kind: unknown) => {
    sent.push(kind);
    return Promise.resolve({});
  },
} as unknown as Requester;

const control = new MeetingControl(client, 5n);
const users = { userIds: [7n, 8n] };

const cases: [string, (of: MeetingControl) => Promise<void>, MeetingAction, object][] = [
  ['ringing', (of) => of.ringing(), MeetingAction.MEETING_RINGING, {}],
  ['declining', (of) => of.decline(), MeetingAction.MEETING_DECLINE, {}],
  ['busy', (of) => of.busy(), MeetingAction.MEETING_BUSY, {}],
  ['leaving the lobby', (of) => of.leaveLobby(), MeetingAction.MEETING_LEAVE_LOBBY, {}],
  ['a hand', (of) => of.raiseHand(false), MeetingAction.MEETING_RAISE_HAND, { on: false }],
  ['calling', (of) => of.call([7n, 8n]), MeetingAction.MEETING_CALL, users],
  ['muting all', (of) => of.mute(), MeetingAction.MEETING_MUTE, { userIds: [], tracks: 1, on: false }],
  [
    'stopping cameras',
    (of) => of.mute([7n, 8n], { tracks: ['camera', 'screen'], keep: true }),
    MeetingAction.MEETING_MUTE,
    { ...users, tracks: 6, on: true },
  ],
  ['asking to unmute', (of) => of.unmute([7n, 8n]), MeetingAction.MEETING_UNMUTE, { ...users, tracks: 1 }],
  ['removing', (of) => of.remove([7n, 8n]), MeetingAction.MEETING_REMOVE, users],
  ['holding out', (of) => of.holdOut([7n, 8n]), MeetingAction.MEETING_HOLD_OUT, { ...users, on: true }],
  ['admitting', (of) => of.admit(), MeetingAction.MEETING_ADMIT, { userIds: [] }],
  ['denying', (of) => of.deny([7n, 8n]), MeetingAction.MEETING_DENY, users],
  ['locking', (of) => of.lock(), MeetingAction.MEETING_LOCK, { on: true }],
  ['no lobby', (of) => of.lobby(false), MeetingAction.MEETING_LOBBY, { on: false }],
  ['a spotlight', (of) => of.spotlight(7n), MeetingAction.MEETING_SPOTLIGHT, { userIds: [7n] }],
  ['no spotlight', (of) => of.spotlight(), MeetingAction.MEETING_SPOTLIGHT, { on: false }],
  ['lowering hands', (of) => of.lowerHands(), MeetingAction.MEETING_LOWER_HANDS, { userIds: [] }],
  ['the end', (of) => of.endForAll(), MeetingAction.MEETING_END, {}],
  ['rooms', (of) => of.makeBreakouts(['a', 'b']), MeetingAction.MEETING_MAKE_BREAKOUTS, { names: ['a', 'b'] }],
  ['assigning', (of) => of.assign([7n, 8n], 2), MeetingAction.MEETING_ASSIGN, { ...users, room: 2 }],
  ['calling back', (of) => of.openBreakouts(false), MeetingAction.MEETING_OPEN_BREAKOUTS, { on: false }],
  ['a co-host', (of) => of.makeCohost([7n, 8n]), MeetingAction.MEETING_COHOST, { ...users, on: true }],
  ['handing over', (of) => of.handOver(7n), MeetingAction.MEETING_HAND_OVER, { userIds: [7n] }],
];

test.each(cases)('%s', async (_name, act, action, fields) => {
  sent.length = 0;
  await act(control);
  expect(sent).toEqual([{ case: 'controlMeetingRequest', value: { meetingId: 5n, action, ...fields } }]);
});

test('every action of the protocol has a method', () => {
  const known = new Set(cases.map(([, , action]) => action));
  const all = Object.values(MeetingAction).filter((value): value is MeetingAction => typeof value === 'number');
  expect(all.filter((action) => action !== 0 && !known.has(action))).toEqual([]);
});

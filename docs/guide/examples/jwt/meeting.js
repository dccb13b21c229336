import { DisconnectReason, Room, RoomEvent, Track } from 'livekit-client';
import { MeetingSession } from 'turms-client';

const texts = {
  ended: 'The meeting is over',
  removed: 'You were removed from the meeting',
  heldOut: 'You may not come into this meeting',
  denied: 'You were not let in',
  locked: 'The meeting is locked',
  full: 'The meeting is full',
  otherDevice: 'You went on with another device',
  lost: 'The connection is lost',
  noMember: 'You do not belong to this group',
  failed: 'The meeting cannot be joined',
};
const ends = {
  [DisconnectReason.PARTICIPANT_REMOVED]: 'told',
  [DisconnectReason.ROOM_DELETED]: 'told',
  [DisconnectReason.DUPLICATE_IDENTITY]: 'otherDevice',
};

/** Buttons that start, join and leave the meeting of a group, and everything that becomes of it. */
export async function startMeetings(client, groupId, url) {
  const element = (id) => document.querySelector(`#${id}`);
  const session = new MeetingSession(client, groupId, { url });
  let room; // the media
  let access; // what it was connected with

  async function connect(to) {
    if (to === access) return;
    access = to;
    const before = room;
    room = undefined;
    element('tiles').replaceChildren();
    await before?.disconnect();
    if (!to || to !== access) return;
    const mine = new Room({ adaptiveStream: true, dynacast: true });
    room = mine;
    mine.on(RoomEvent.TrackSubscribed, (track) => element('tiles').append(track.attach()));
    mine.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((one) => one.remove()));
    mine.on(RoomEvent.LocalTrackPublished, ({ track }) => track.kind === Track.Kind.Video && element('tiles').append(track.attach()));
    mine.on(RoomEvent.LocalTrackUnpublished, ({ track }) => track?.detach().forEach((one) => one.remove()));
    mine.on(RoomEvent.Disconnected, (reason) => room === mine && session.mediaEnded(ends[reason] ?? 'lost'));
    try {
      await mine.connect(to.url, to.token);
      await mine.localParticipant.enableCameraAndMicrophone();
    } catch {
      if (room === mine && mine.state === 'disconnected') session.mediaEnded('lost');
    }
  }

  function show({ phase, live, ringing, left, unmuteAsked, access: to }) {
    const words = { out: texts[left] ?? '', entering: 'Joining …', lobby: 'Waiting to be let in', in: 'In the meeting' };
    element('meeting').textContent = ringing ? 'Ringing …' : words[phase];
    element('meet').textContent = live ? `Join (${live.participants.length})` : 'Meet';
    element('meet').hidden = phase !== 'out';
    element('decline').hidden = !ringing;
    element('leave').hidden = phase === 'out';
    if (unmuteAsked) {
      session.unmuteAnswered();
      if (confirm('You are asked to speak. Unmute?')) void room?.localParticipant.setMicrophoneEnabled(true);
    }
    void connect(to);
  }

  session.on('change', show);
  element('meet').addEventListener('click', () => session.start());
  element('decline').addEventListener('click', () => session.decline());
  element('leave').addEventListener('click', () => session.leave());
  await session.open();
  show(session.state);
}

import { DisconnectReason, Room, RoomEvent, Track } from 'livekit-client';
import { StatusCode } from 'turms-client';

const texts = {
  lobby: 'Waiting to be let in',
  [StatusCode.MeetingLocked]: 'The meeting is locked',
  [StatusCode.MeetingHeldOut]: 'You may not come into this meeting',
  [StatusCode.MeetingDenied]: 'You were not let in',
  [StatusCode.MeetingFull]: 'The meeting is full',
  [StatusCode.MeetingEnded]: 'The meeting is over',
};

/** One button that starts or joins the meeting of a group, and what becomes of it. */
export async function startMeetings(client, groupId, url) {
  const meet = document.querySelector('#meet');
  const leave = document.querySelector('#leave');
  const tiles = document.querySelector('#tiles');
  let live; // the state of the meeting that goes on, as the server says
  let room; // the media, while we are in
  let wanted; // the meeting that we are in, or wait to be let into

  const say = (text) => (document.querySelector('#state').textContent = text);
  function draw() {
    const others = live?.participants.length ?? 0;
    meet.textContent = live ? `Join (${others})` : 'Meet';
    meet.hidden = wanted !== undefined;
    leave.hidden = wanted === undefined;
  }

  async function connect(token) {
    await hangUp();
    const mine = new Room({ adaptiveStream: true, dynacast: true });
    room = mine;
    mine.on(RoomEvent.TrackSubscribed, (track) => tiles.append(track.attach()));
    mine.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()));
    mine.on(RoomEvent.LocalTrackPublished, ({ track }) => track.kind === Track.Kind.Video && tiles.append(track.attach()));
    mine.on(RoomEvent.LocalTrackUnpublished, ({ track }) => track?.detach().forEach((element) => element.remove()));
    mine.on(RoomEvent.Disconnected, (reason) => {
      if (room !== mine) return; // we hung up
      room = undefined;
      tiles.replaceChildren();
      // Why is told by a signal, or by the state of the meeting: removed, moved, over.
      if (reason === DisconnectReason.PARTICIPANT_REMOVED || reason === DisconnectReason.ROOM_DELETED) return;
      say(reason === DisconnectReason.DUPLICATE_IDENTITY ? 'You went on with another device' : 'The connection is lost');
      over();
    });
    await mine.connect(live?.mediaUrl ?? url.replace(/^http/, 'ws'), token);
    await mine.localParticipant.enableCameraAndMicrophone();
    say('in the meeting');
  }

  async function hangUp() {
    const mine = room;
    room = undefined;
    tiles.replaceChildren();
    await mine?.disconnect();
  }

  function over() {
    wanted = undefined;
    void hangUp();
    draw();
  }

  /** Asks to be let in: now, and again each half minute as long as somebody has to decide. */
  async function enter(meetingId) {
    wanted = meetingId;
    draw();
    try {
      await connect(await client.meetings.join(meetingId));
    } catch (error) {
      if (error.code === StatusCode.MeetingWaits && wanted === meetingId) {
        say(texts.lobby);
        setTimeout(() => wanted === meetingId && !room && enter(meetingId), 30_000);
        return;
      }
      say(texts[error.code] ?? 'The meeting cannot be joined');
      over();
    }
  }

  client.on('meeting', (state) => {
    if (state.groupId !== groupId || (live?.id === state.id && state.version <= live.version)) return;
    live = state.endedAt ? undefined : state;
    if (state.endedAt && wanted === state.id) {
      say(texts[StatusCode.MeetingEnded]);
      over();
    }
    draw();
  });
  client.on('membersChanged', ({ change, userIds }) => {
    if (change === 'removed' && userIds.includes(client.userId)) over();
  });
  client.on('meetingSignal', (signal) => {
    switch (signal.kind) {
      case 'ring': // called: show it, and tell the caller that it rings
        say('Ringing …');
        return client.meetings.control(signal.meetingId).ringing();
      case 'ringOver': // taken on another device, declined, or nobody took it
        return wanted === undefined && say(signal.call === 'missed' ? 'You missed a meeting' : '');
      case 'admitted': // out of the lobby
      case 'moved': // into a breakout room, or back: another token, another room
        return signal.meetingId === wanted && enter(signal.meetingId);
      case 'denied':
        say(texts[StatusCode.MeetingDenied]);
        return over();
      case 'removed':
        say('You were removed from the meeting');
        return over();
      case 'heldOut':
        say(texts[StatusCode.MeetingHeldOut]);
        return over();
      case 'unmuteAsked':
        return confirm('You are asked to speak. Unmute?') && room?.localParticipant.setMicrophoneEnabled(true);
    }
  });

  meet.addEventListener('click', async () => enter(live ? live.id : await client.meetings.create(groupId)));
  leave.addEventListener('click', () => {
    if (wanted !== undefined && !room) void client.meetings.control(wanted).leaveLobby();
    say('');
    over();
  });
  [live] = await client.meetings.liveInGroup(groupId);
  draw();
}

import {
  ConnectionQuality,
  ConnectionState,
  DisconnectReason,
  type Participant,
  Room,
  RoomEvent,
  Track,
  type TrackPublication,
  VideoPreset,
} from 'livekit-client';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EffectReport } from '../media/background/messages';
import { effectChoice } from '../media/choice';
import { Loudspeaker, type Sound } from '../media/loudspeaker';
import { encodingPolicy, thisDevice } from '../media/encoding';
import { watchHealth } from '../media/health';
import { type DeviceHealth, receiveProfile, type SavingLevel, SavingPolicy, savingSteps } from '../media/saving';
import type { Place } from '../media/spatial';
import type { Receiving } from '../state/storage';
import type { MeetingEndReason } from '../state/store';
import { askWhyNot, toMeetingFailure } from './failure';
import { type Hand, handTopic, readHand, writeHand } from './hands';
import { type DeviceName, type DeviceState, OwnDevices } from './ownDevices';
import { tellInMeeting } from './meetingNotices';
import { type Reading, readReport } from './statistics';

export type { DeviceName, DeviceState };

export type VideoTrackHandle = Track;

/** Somebody in the meeting, as the page shows them. */
export interface Person {
  identity: string;
  name: string;
  isLocal: boolean;
  isSpeaking: boolean;
  hasWeakConnection: boolean;
  microphoneOn: boolean;
  camera?: VideoTrackHandle;
  screen?: VideoTrackHandle;
  /** By their own clock; absent when it is down. */
  handRaisedAt?: number;
  joinedAt: number;
}

export interface RoomState {
  connection: 'connecting' | 'connected' | 'reconnecting';
  /** The user first, then the others in the order in which they came. */
  people: Person[];
  devices: Record<DeviceName, DeviceState>;
  /** The browser plays no sound before the user asked for it. */
  soundBlocked: boolean;
  /** How this user's background goes, while there is one. */
  background?: EffectReport;
  /** How far the device is spared now. */
  saving: SavingLevel;
}

const savingEveryMs = 5000;
/** No limit: no camera gives more. */
const fullFps = 60;
const savingNotices = { 0: 'savingOver', 1: 'saving1', 2: 'saving2', 3: 'saving3' } as const;

/** What the server reads of user messages with this topic is for it alone: a receive profile. */
const receiveProfileTopic = 'turms.receive_profile';

const readingSources: Partial<Record<Track.Source, Reading['source']>> = {
  [Track.Source.Camera]: 'camera',
  [Track.Source.Microphone]: 'microphone',
  [Track.Source.ScreenShare]: 'screen',
};

const stateEvents = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.ParticipantPermissionsChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.ConnectionQualityChanged,
  RoomEvent.ConnectionStateChanged,
  RoomEvent.AudioPlaybackStatusChanged,
  RoomEvent.MediaDevicesChanged,
] as const;

/** The media of one meeting: a LiveKit room, and what of it the page shows. Ends for good with `leave`. */
export class MeetingRoom {
  readonly state: StoreApi<RoomState>;
  private readonly room: Room;
  private readonly devices: OwnDevices;
  private readonly loudspeaker = new Loudspeaker();
  private readonly unsubscribe: () => void;
  private access: { url: string; token: string } | undefined;
  private updateScheduled = false;
  private left = false;
  private receiving: Receiving = 'auto';
  private toldProfile = JSON.stringify(receiveProfile('auto', 0));
  private saving: SavingLevel = 0;
  private readonly hands = new Map<string, number>();
  private health: DeviceHealth = {};
  private readonly savingPolicy = new SavingPolicy();
  private readonly savingTimer: ReturnType<typeof setInterval>;

  constructor(private readonly onGone: (reason: MeetingEndReason) => void) {
    const policy = encodingPolicy(thisDevice());
    const layers = policy.layers.slice(0, -1);
    const own = policy.layers.at(-1);
    this.room = new Room({
      // Ask only for what the tiles show, and send only what somebody sees.
      adaptiveStream: true,
      dynacast: true,
      videoCaptureDefaults: { resolution: policy.capture },
      publishDefaults: {
        videoSimulcastLayers: layers.map(({ width, height, maxBitrate, maxFramerate }) => new VideoPreset(width, height, maxBitrate, maxFramerate)),
        ...(own && { videoEncoding: { maxBitrate: own.maxBitrate, maxFramerate: own.maxFramerate } }),
      },
      // Every LiveKit server speaks the signalling with two peer connections, and the built-in one speaks only that.
      singlePeerConnection: false,
    });
    this.devices = new OwnDevices(this.room, () => this.scheduleUpdate());
    this.state = createStore<RoomState>()(() => this.readState());
    for (const event of stateEvents) this.room.on(event, this.scheduleUpdate);
    // The server may take one who comes back for somebody new.
    this.room.on(RoomEvent.Reconnected, () => {
      this.toldProfile = '';
      this.tellReceiving();
    });
    this.room.on(RoomEvent.DataReceived, (payload, participant, _, topic) => {
      const hand = topic === handTopic ? readHand(payload) : undefined;
      if (hand && participant) this.noteHand(participant.identity, hand);
    });
    // Whoever comes later has not heard of it.
    this.room.on(RoomEvent.ParticipantConnected, ({ identity }) => {
      const at = this.hands.get(this.room.localParticipant.identity);
      if (at !== undefined) this.tellHand({ raised: true, at }, [identity]);
    });
    this.room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => this.hands.delete(identity));
    for (const event of [RoomEvent.LocalTrackPublished, RoomEvent.LocalTrackUnpublished] as const) {
      this.room.on(event, () => this.devices.notePublished());
    }
    this.room.on(RoomEvent.TrackSubscribed, (track, _, { identity }) => {
      if (track.kind === Track.Kind.Audio && !this.left) this.loudspeaker.play(track as Sound, identity);
      if (this.saving > 0) this.limitFrames();
    });
    this.room.on(RoomEvent.TrackUnsubscribed, (track) => {
      if (track.kind === Track.Kind.Audio) this.loudspeaker.stop(track as Sound);
    });
    this.loudspeaker.setSpatial(effectChoice.getState().isSpatial);
    const unsubscribe = effectChoice.subscribe(({ isSpatial }) => {
      this.loudspeaker.setSpatial(isSpatial);
      this.spare();
    });
    const unwatch = watchHealth((health) => {
      this.health = health;
      this.spare();
    });
    // What has to last for a while is looked at again.
    this.savingTimer = setInterval(() => this.spare(), savingEveryMs);
    this.unsubscribe = () => {
      unsubscribe();
      unwatch();
      clearInterval(this.savingTimer);
    };
    this.room.on(RoomEvent.Disconnected, (reason) => {
      // A page that is being left disconnects by itself, to come back when it was only loaded anew.
      const isPageLeft = reason === DisconnectReason.CLIENT_INITIATED;
      if (!this.left && !isPageLeft) this.onGone(toEndReason(reason));
    });
  }

  /** Rejects with a `MeetingFailure`. */
  async connect(url: string, token: string): Promise<void> {
    try {
      this.access = { url, token };
      await this.room.connect(url, token);
      this.room.engine.on('tokenRefreshed', (refreshed) => {
        this.access = { url, token: refreshed };
      });
    } catch (error) {
      throw await toMeetingFailure(error, () => askWhyNot(url, token));
    }
    this.tellReceiving();
    this.update();
  }

  /** How much of the others' video is received from now on. Their sound always is. */
  setReceiving(receiving: Receiving): void {
    this.receiving = receiving;
    this.tellReceiving();
    this.update();
  }

  private tellReceiving(): void {
    const wanted = JSON.stringify(receiveProfile(this.receiving, this.saving));
    if (wanted === this.toldProfile || this.left || this.room.state !== ConnectionState.Connected) return;
    this.toldProfile = wanted;
    const profile = new TextEncoder().encode(wanted);
    const { localParticipant } = this.room;
    // To nobody but oneself, where the server does not know the topic.
    localParticipant
      .publishData(profile, { reliable: true, topic: receiveProfileTopic, destinationIdentities: [localParticipant.identity] })
      .catch(() => {
        // Without it the picture is as good as it goes.
      });
  }

  /** Does as much less as the device needs, tells it once, and undoes it. */
  private spare(): void {
    const level = this.savingPolicy.update(this.health, effectChoice.getState().saving, Date.now());
    if (level === this.saving || this.left) return;
    this.saving = level;
    tellInMeeting(savingNotices[level]);
    this.tellReceiving();
    this.limitFrames();
    void this.devices.spare(level);
    this.update();
  }

  /** Servers that do not know our wishes know LiveKit's settings of a track. */
  private limitFrames(): void {
    const fps = savingSteps[this.saving].fps ?? fullFps;
    for (const { trackPublications } of this.room.remoteParticipants.values()) {
      for (const publication of trackPublications.values()) publication.setVideoFPS(fps);
    }
  }

  /** Turns on what the user had on the last time, as far as it works and is allowed. */
  async startDevices(
    wanted: { microphone: boolean; camera: boolean },
    deviceIds: Partial<Record<MediaDeviceKind, string>>,
  ): Promise<void> {
    const { audiooutput } = deviceIds;
    if (audiooutput) await this.useSpeaker(audiooutput).catch(() => {});
    await this.devices.start(wanted, deviceIds);
  }

  /** Turns a device on or off. A failure is kept in the state. */
  async setDevice(name: DeviceName, on: boolean): Promise<void> {
    await this.devices.set(name, on);
  }

  /** The devices of that kind, and the one in use. */
  async listDevices(kind: MediaDeviceKind): Promise<{ devices: MediaDeviceInfo[]; active: string }> {
    const devices = await Room.getLocalDevices(kind, false).catch(() => []);
    return { devices, active: this.room.getActiveDevice(kind) ?? 'default' };
  }

  async useDevice(kind: MediaDeviceKind, deviceId: string): Promise<void> {
    if (kind === 'audiooutput') await this.useSpeaker(deviceId).catch(() => {});
    else await this.devices.use(kind, deviceId);
    this.update();
  }

  private async useSpeaker(deviceId: string): Promise<void> {
    await this.loudspeaker.useDevice(deviceId);
    await this.room.switchActiveDevice('audiooutput', deviceId);
  }

  /** Raises or lowers this user's hand. */
  raiseHand(raised: boolean): void {
    const hand = { raised, at: Date.now() };
    this.noteHand(this.room.localParticipant.identity, hand);
    this.tellHand(hand);
  }

  private noteHand(identity: string, { raised, at }: Hand): void {
    if (raised) this.hands.set(identity, at);
    else this.hands.delete(identity);
    this.scheduleUpdate();
  }

  private tellHand(hand: Hand, destinationIdentities?: string[]): void {
    this.room.localParticipant
      .publishData(writeHand(hand), { reliable: true, topic: handTopic, ...(destinationIdentities && { destinationIdentities }) })
      .catch(() => {
        // Without the connection nobody sees it; it is raised again by hand.
      });
  }

  volumeOf(identity: string): number {
    return this.loudspeaker.volumeOf(identity);
  }

  /** How loud somebody is heard here, from 0 to 1. */
  setVolume(identity: string, volume: number): void {
    this.loudspeaker.setVolume(identity, volume);
  }

  /** Where on the stage each person is, from where their voice comes when that is wished for. */
  setPlaces(places: ReadonlyMap<string, Place>): void {
    this.loudspeaker.setPlaces(places);
  }

  /** To be called from a click or key press: what the browser waits for before it plays sound. */
  async startSound(): Promise<void> {
    await Promise.all([this.room.startAudio(), this.loudspeaker.resume()]).catch(() => {});
    this.update();
  }

  /** What the browser has counted of each track that it sends or receives. */
  async readTracks(): Promise<Reading[]> {
    const participants = [this.room.localParticipant, ...this.room.remoteParticipants.values()];
    const readings = participants.flatMap((participant) =>
      [...participant.trackPublications.values()].map(async (publication): Promise<Reading | undefined> => {
        const report = await publication.track?.getRTCStatsReport().catch(() => undefined);
        const counters = report && readReport(report as unknown as Iterable<[string, unknown]>);
        if (!counters) return undefined;
        const { identity, isLocal } = participant;
        return { sid: publication.trackSid, identity, isLocal, source: readingSources[publication.source] ?? 'other', counters };
      }),
    );
    return (await Promise.all(readings)).filter((reading) => reading !== undefined);
  }

  /**
   * What the media server says of this participant's media (`GET /rtc/stats`). Only the built-in one does; of others, and
   * when it does not answer, nothing.
   */
  async askServer(): Promise<unknown> {
    if (!this.access) return undefined;
    const url = new URL(this.access.url);
    url.protocol = url.protocol === 'wss:' || url.protocol === 'https:' ? 'https:' : 'http:';
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/rtc/stats`;
    try {
      const answer = await fetch(url, {
        headers: { Authorization: `Bearer ${this.access.token}` },
        cache: 'no-store',
        signal: AbortSignal.timeout(5000),
      });
      return answer.ok ? await answer.json() : undefined;
    } catch {
      return undefined;
    }
  }

  async leave(): Promise<void> {
    if (this.left) return;
    this.left = true;
    this.unsubscribe();
    this.devices.close();
    this.loudspeaker.close();
    await this.room.disconnect();
  }

  private readonly scheduleUpdate = (): void => {
    if (this.updateScheduled) return;
    this.updateScheduled = true;
    queueMicrotask(() => {
      this.updateScheduled = false;
      this.update();
    });
  };

  private update(): void {
    this.state.setState(this.readState(), true);
  }

  private readState(): RoomState {
    const { room } = this;
    const connection =
      room.state === 'connected' ? 'connected' : room.state === 'reconnecting' || room.state === 'signalReconnecting' ? 'reconnecting' : 'connecting';
    // What is not shown is not asked for, by any server.
    const isSeen = this.receiving !== 'audio' && this.saving < 3;
    const read = (participant: Participant, seen: boolean): Person => {
      const handRaisedAt = this.hands.get(participant.identity);
      return { ...toPerson(participant, seen), ...(handRaisedAt !== undefined && { handRaisedAt }) };
    };
    const others = [...room.remoteParticipants.values()]
      .map((participant) => read(participant, isSeen))
      .sort((a, b) => a.joinedAt - b.joinedAt);
    return {
      connection,
      people: [read(room.localParticipant, true), ...others],
      devices: {
        microphone: this.devices.read('microphone'),
        camera: this.devices.read('camera'),
        screen: this.devices.read('screen'),
      },
      soundBlocked: !room.canPlaybackAudio,
      saving: this.saving,
      ...(this.devices.report && { background: this.devices.report }),
    };
  }

}

function visibleTrack(publication: TrackPublication | undefined): Track | undefined {
  return publication && !publication.isMuted ? publication.track : undefined;
}

function toPerson(participant: Participant, isSeen: boolean): Person {
  const track = (source: Track.Source) => (isSeen ? visibleTrack(participant.getTrackPublication(source)) : undefined);
  const camera = track(Track.Source.Camera);
  const screen = track(Track.Source.ScreenShare);
  return {
    identity: participant.identity,
    name: participant.name ?? '',
    isLocal: participant.isLocal,
    isSpeaking: participant.isSpeaking,
    hasWeakConnection:
      participant.connectionQuality === ConnectionQuality.Poor ||
      participant.connectionQuality === ConnectionQuality.Lost,
    microphoneOn: participant.isMicrophoneEnabled,
    joinedAt: participant.joinedAt?.getTime() ?? 0,
    ...(camera && { camera }),
    ...(screen && { screen }),
  };
}

function toEndReason(reason: DisconnectReason | undefined): MeetingEndReason {
  switch (reason) {
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'ended';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'elsewhere';
    case DisconnectReason.SERVER_SHUTDOWN:
      return 'server';
    default:
      return 'connection';
  }
}

import {
  ConnectionQuality,
  ConnectionState,
  DisconnectReason,
  MediaDeviceFailure,
  type Participant,
  Room,
  RoomEvent,
  Track,
  type TrackPublication,
  VideoPresets,
} from 'livekit-client';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { MediaFailure } from '../state/failures';
import type { Receiving } from '../state/storage';
import type { MeetingEndReason } from '../state/store';
import { askWhyNot, toMeetingFailure } from './failure';
import { type Reading, readReport } from './statistics';

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
  joinedAt: number;
}

export type DeviceName = 'microphone' | 'camera' | 'screen';

export interface DeviceState {
  on: boolean;
  /** Being turned on or off. */
  busy: boolean;
  /** Whether the meeting lets this user publish it. */
  allowed: boolean;
  /** Why it could not be turned on the last time. */
  failure?: MediaFailure;
}

export interface RoomState {
  connection: 'connecting' | 'connected' | 'reconnecting';
  /** The user first, then the others in the order in which they came. */
  people: Person[];
  devices: Record<DeviceName, DeviceState>;
  /** The browser plays no sound before the user asked for it. */
  soundBlocked: boolean;
}

/** What the server reads of user messages with this topic is for it alone: a receive profile. */
const receiveProfileTopic = 'turms.receive_profile';

const sources: Record<DeviceName, Track.Source> = {
  microphone: Track.Source.Microphone,
  camera: Track.Source.Camera,
  screen: Track.Source.ScreenShare,
};

const readingSources: Partial<Record<Track.Source, Reading['source']>> = {
  [Track.Source.Camera]: 'camera',
  [Track.Source.Microphone]: 'microphone',
  [Track.Source.ScreenShare]: 'screen',
};

/** Numbers of the protocol's TrackSource, which permissions name. */
const permissionSources: Record<DeviceName, number> = { camera: 1, microphone: 2, screen: 3 };

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
  private readonly busy = new Set<DeviceName>();
  private readonly failures = new Map<DeviceName, MediaFailure>();
  private readonly sounds = new Map<Track, HTMLMediaElement>();
  private access: { url: string; token: string } | undefined;
  private updateScheduled = false;
  private left = false;
  private receiving: Receiving = 'auto';
  private toldReceiving: Receiving | undefined = 'auto';

  constructor(private readonly onGone: (reason: MeetingEndReason) => void) {
    this.room = new Room({
      // Ask only for what the tiles show, and send only what somebody sees.
      adaptiveStream: true,
      dynacast: true,
      videoCaptureDefaults: { resolution: VideoPresets.h720.resolution },
      publishDefaults: { videoSimulcastLayers: [VideoPresets.h180, VideoPresets.h360] },
      // Every LiveKit server speaks the signalling with two peer connections, and the built-in one speaks only that.
      singlePeerConnection: false,
    });
    this.state = createStore<RoomState>()(() => this.readState());
    for (const event of stateEvents) this.room.on(event, this.scheduleUpdate);
    // The server may take one who comes back for somebody new.
    this.room.on(RoomEvent.Reconnected, () => {
      this.toldReceiving = undefined;
      this.tellReceiving();
    });
    this.room.on(RoomEvent.TrackSubscribed, (track) => this.playSound(track));
    this.room.on(RoomEvent.TrackUnsubscribed, (track) => this.stopSound(track));
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
    if (this.receiving === this.toldReceiving || this.left || this.room.state !== ConnectionState.Connected) return;
    this.toldReceiving = this.receiving;
    const profile = new TextEncoder().encode(JSON.stringify({ mode: this.receiving, reason: 'chosen' }));
    const { localParticipant } = this.room;
    // To nobody but oneself, where the server does not know the topic.
    localParticipant
      .publishData(profile, { reliable: true, topic: receiveProfileTopic, destinationIdentities: [localParticipant.identity] })
      .catch(() => {
        // Without it the picture is as good as it goes.
      });
  }

  /** Turns on what the user had on the last time, as far as it works and is allowed. */
  async startDevices(
    wanted: { microphone: boolean; camera: boolean },
    deviceIds: Partial<Record<MediaDeviceKind, string>>,
  ): Promise<void> {
    const { audioinput, videoinput, audiooutput } = deviceIds;
    // A device that is gone since is no reason to have none: these are wishes, not demands.
    if (audioinput) this.room.options.audioCaptureDefaults = { ...this.room.options.audioCaptureDefaults, deviceId: audioinput };
    if (videoinput) this.room.options.videoCaptureDefaults = { ...this.room.options.videoCaptureDefaults, deviceId: videoinput };
    if (audiooutput) await this.room.switchActiveDevice('audiooutput', audiooutput).catch(() => {});
    const { microphone, camera } = this.state.getState().devices;
    const starts: Promise<void>[] = [];
    if (wanted.microphone && microphone.allowed) starts.push(this.setDevice('microphone', true));
    if (wanted.camera && camera.allowed) starts.push(this.setDevice('camera', true));
    await Promise.all(starts);
  }

  /** Turns a device on or off. A failure is kept in the state. */
  async setDevice(name: DeviceName, on: boolean): Promise<void> {
    if (this.busy.has(name) || this.left) return;
    this.failures.delete(name);
    this.busy.add(name);
    this.update();
    try {
      if (on && !navigator.mediaDevices) throw new MediaFailure('insecure');
      const local = this.room.localParticipant;
      if (name === 'microphone') await local.setMicrophoneEnabled(on);
      else if (name === 'camera') await local.setCameraEnabled(on);
      else await local.setScreenShareEnabled(on, { audio: true, selfBrowserSurface: 'exclude', contentHint: 'detail' });
    } catch (error) {
      const failure = toMediaFailure(error);
      // Closing the browser's own choice of what to share is an answer, not a failure.
      if (name !== 'screen' || failure.kind !== 'denied') this.failures.set(name, failure);
    } finally {
      this.busy.delete(name);
      this.update();
    }
  }

  /** The devices of that kind, and the one in use. */
  async listDevices(kind: MediaDeviceKind): Promise<{ devices: MediaDeviceInfo[]; active: string }> {
    const devices = await Room.getLocalDevices(kind, false).catch(() => []);
    return { devices, active: this.room.getActiveDevice(kind) ?? 'default' };
  }

  async useDevice(kind: MediaDeviceKind, deviceId: string): Promise<void> {
    await this.room.switchActiveDevice(kind, deviceId).catch((error: unknown) => {
      this.failures.set(kind === 'videoinput' ? 'camera' : 'microphone', toMediaFailure(error));
    });
    this.update();
  }

  /** To be called from a click or key press: what the browser waits for before it plays sound. */
  async startSound(): Promise<void> {
    await this.room.startAudio().catch(() => {});
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
    for (const track of [...this.sounds.keys()]) this.stopSound(track);
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
    const isSeen = this.receiving !== 'audio';
    const others = [...room.remoteParticipants.values()]
      .map((participant) => toPerson(participant, isSeen))
      .sort((a, b) => a.joinedAt - b.joinedAt);
    return {
      connection,
      people: [toPerson(room.localParticipant, true), ...others],
      devices: {
        microphone: this.readDevice('microphone'),
        camera: this.readDevice('camera'),
        screen: this.readDevice('screen'),
      },
      soundBlocked: !room.canPlaybackAudio,
    };
  }

  private readDevice(name: DeviceName): DeviceState {
    const local = this.room.localParticipant;
    const publication = local.getTrackPublication(sources[name]);
    const permissions = local.permissions;
    const allowed =
      !permissions ||
      (permissions.canPublish &&
        (permissions.canPublishSources.length === 0 ||
          (permissions.canPublishSources as number[]).includes(permissionSources[name])));
    const failure = this.failures.get(name);
    return {
      on: publication !== undefined && !publication.isMuted,
      busy: this.busy.has(name),
      allowed,
      ...(failure && { failure }),
    };
  }

  private playSound(track: Track): void {
    if (track.kind !== Track.Kind.Audio || this.left) return;
    const element = track.attach();
    this.sounds.set(track, element);
    document.body.append(element);
  }

  private stopSound(track: Track): void {
    const element = this.sounds.get(track);
    if (!element) return;
    this.sounds.delete(track);
    track.detach(element);
    element.remove();
  }
}

/** Opens a device outside of any meeting, to show what it gives. Rejects with a `MediaFailure`. */
export async function openDevice(kind: 'audioinput' | 'videoinput', deviceId: string | undefined): Promise<MediaStream> {
  // One that is gone since it was chosen is no reason to have none: this is a wish, not a demand.
  const constraints = deviceId === undefined ? true : { deviceId };
  try {
    if (!navigator.mediaDevices) throw new MediaFailure('insecure');
    return await navigator.mediaDevices.getUserMedia(kind === 'audioinput' ? { audio: constraints } : { video: constraints });
  } catch (error) {
    throw toMediaFailure(error);
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

function toMediaFailure(error: unknown): MediaFailure {
  if (error instanceof MediaFailure) return error;
  switch (MediaDeviceFailure.getFailure(error as Error)) {
    case MediaDeviceFailure.PermissionDenied:
      return new MediaFailure('denied');
    case MediaDeviceFailure.NotFound:
      return new MediaFailure('notFound');
    case MediaDeviceFailure.DeviceInUse:
      return new MediaFailure('inUse');
    default:
      return new MediaFailure(/permission/i.test(String(error)) ? 'notPermitted' : 'failed');
  }
}

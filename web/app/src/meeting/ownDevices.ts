import { AudioPresets, type LocalAudioTrack, type LocalTrack, type LocalVideoTrack, type Room, Track } from 'livekit-client';
import type { BackgroundListener, Background } from '../media/background/effect';
import type { EffectReport } from '../media/background/messages';
import { pictures } from '../media/background/pictures';
import { backgroundOf, type EffectChoice, effectChoice } from '../media/choice';
import { toMediaFailure } from '../media/devices';
import { encodingPolicy, thisDevice } from '../media/encoding';
import { MediaPipeline, type PublishedDevice } from '../media/pipeline';
import { type SavingLevel, savingSteps } from '../media/saving';
import { MediaFailure } from '../state/failures';
import { tellInMeeting } from './meetingNotices';

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

const sources: Record<DeviceName, Track.Source> = {
  microphone: Track.Source.Microphone,
  camera: Track.Source.Camera,
  screen: Track.Source.ScreenShare,
};

/** Numbers of the protocol's TrackSource, which permissions name. */
const permissionSources: Record<DeviceName, number> = { camera: 1, microphone: 2, screen: 3 };

/** This user's devices in a meeting, and what is done with their sound and picture before they are sent. */
export class OwnDevices {
  /** How the background goes, while there is one. */
  report: EffectReport | undefined;
  private readonly busy = new Set<DeviceName>();
  private readonly failures = new Map<DeviceName, MediaFailure>();
  private readonly camera: MediaPipeline<Background>;
  private readonly microphone: MediaPipeline<'suppress'>;
  private readonly adapters = new WeakMap<LocalAudioTrack, PublishedDevice>();
  private readonly unsubscribe: () => void;
  private choice: EffectChoice = effectChoice.getState();
  private closed = false;
  private turnedOffToSave = false;
  private readonly policy = encodingPolicy(thisDevice());

  constructor(
    private readonly room: Room,
    private readonly onChange: () => void,
  ) {
    this.camera = new MediaPipeline('background', () => this.makeBackground(), (error) => this.turnOffCamera(error));
    this.microphone = new MediaPipeline('suppression', makeSuppression, (error) => {
      this.failures.set('microphone', toMediaFailure(error));
      this.onChange();
    });
    this.unsubscribe = effectChoice.subscribe((choice) => void this.applyChoice(choice));
    this.wishEffects();
  }

  close(): void {
    this.closed = true;
    this.unsubscribe();
    this.camera.setDevice(undefined);
    this.microphone.setDevice(undefined);
  }

  /** Turns on what the user had on the last time, as far as it works and is allowed. */
  async start(
    wanted: { microphone: boolean; camera: boolean },
    { audioinput, videoinput }: Partial<Record<MediaDeviceKind, string>>,
  ): Promise<void> {
    // A device that is gone since is no reason to have none: these are wishes, not demands.
    const { options } = this.room;
    if (audioinput) options.audioCaptureDefaults = { ...options.audioCaptureDefaults, deviceId: audioinput };
    if (videoinput) options.videoCaptureDefaults = { ...options.videoCaptureDefaults, deviceId: videoinput };
    const starts: Promise<void>[] = [];
    if (wanted.microphone && this.isAllowed('microphone')) starts.push(this.set('microphone', true));
    if (wanted.camera && this.isAllowed('camera')) starts.push(this.set('camera', true));
    await Promise.all(starts);
  }

  /** Turns a device on or off. A failure is kept in the state. */
  async set(name: DeviceName, on: boolean): Promise<void> {
    if (this.busy.has(name) || this.closed) return;
    this.failures.delete(name);
    this.busy.add(name);
    this.onChange();
    try {
      if (on && !navigator.mediaDevices) throw new MediaFailure('insecure');
      await this.switch(name, on);
    } catch (error) {
      const failure = toMediaFailure(error);
      // Closing the browser's own choice of what to share is an answer, not a failure.
      if (name !== 'screen' || failure.kind !== 'denied') this.failures.set(name, failure);
    } finally {
      this.busy.delete(name);
      this.onChange();
    }
  }

  async use(kind: MediaDeviceKind, deviceId: string): Promise<void> {
    await this.room.switchActiveDevice(kind, deviceId).catch((error: unknown) => {
      this.failures.set(kind === 'videoinput' ? 'camera' : 'microphone', toMediaFailure(error));
    });
    this.onChange();
  }

  read(name: DeviceName): DeviceState {
    const publication = this.room.localParticipant.getTrackPublication(sources[name]);
    const failure = this.failures.get(name);
    return {
      on: publication !== undefined && !publication.isMuted,
      busy: this.busy.has(name),
      allowed: this.isAllowed(name),
      ...(failure && { failure }),
    };
  }

  /** Sends a smaller picture with fewer frames, or none. */
  async spare(level: SavingLevel): Promise<void> {
    const { options, localParticipant } = this.room;
    const { width = this.policy.capture.width, height = this.policy.capture.height, fps } = savingSteps[level];
    const resolution = { width, height, frameRate: fps ?? this.policy.capture.frameRate };
    options.videoCaptureDefaults = { ...options.videoCaptureDefaults, resolution };
    const publication = localParticipant.getTrackPublication(Track.Source.Camera);
    const track = publication?.track as LocalVideoTrack | undefined;
    const isSending = publication !== undefined && !publication.isMuted;
    if (level === 3 && isSending) {
      this.turnedOffToSave = true;
      await this.set('camera', false);
    } else if (level < 3 && this.turnedOffToSave) {
      this.turnedOffToSave = false;
      if (!isSending) await this.set('camera', true);
    }
    if (level < 3 && track && !track.isMuted) await track.restartTrack({ ...options.videoCaptureDefaults, resolution }).catch(() => {});
  }

  /** To be called when a device was published, or is no more. */
  notePublished(): void {
    const published = (name: DeviceName) => this.room.localParticipant.getTrackPublication(sources[name])?.track;
    this.camera.setDevice(published('camera') as (LocalTrack & PublishedDevice) | undefined);
    const track = published('microphone') as LocalAudioTrack | undefined;
    this.microphone.setDevice(track && this.adapt(track));
  }

  private isAllowed(name: DeviceName): boolean {
    const { permissions } = this.room.localParticipant;
    if (!permissions) return true;
    const allowed = permissions.canPublishSources as number[];
    return permissions.canPublish && (allowed.length === 0 || allowed.includes(permissionSources[name]));
  }

  private async switch(name: DeviceName, on: boolean): Promise<void> {
    const local = this.room.localParticipant;
    const isPublished = local.getTrackPublication(sources[name]) !== undefined;
    if (name === 'microphone') {
      await local.setMicrophoneEnabled(on, isPublished ? undefined : captureOf(this.choice), publishOf(this.choice));
    } else if (name === 'camera') {
      const processor = on && !isPublished ? this.camera.processorForCapture() : undefined;
      await local.setCameraEnabled(on, processor && { ...this.room.options.videoCaptureDefaults, processor });
    } else {
      const { contentHint, encoding } = this.policy.screen[this.choice.screen];
      await local.setScreenShareEnabled(
        on,
        { audio: true, selfBrowserSurface: 'exclude', contentHint },
        { screenShareEncoding: encoding },
      );
    }
  }

  private async applyChoice(choice: EffectChoice): Promise<void> {
    const isOtherSound = (choice.sound === 'music') !== (this.choice.sound === 'music');
    const isOtherFacing = choice.facing !== this.choice.facing;
    this.choice = choice;
    if (this.failures.get('camera')?.kind.startsWith('effect')) this.failures.delete('camera');
    this.wishEffects();
    if (isOtherSound) await this.publishMicrophoneAnew();
    if (isOtherFacing) await this.turnCamera();
    this.onChange();
  }

  private wishEffects(): void {
    this.camera.setWish(backgroundOf(this.choice, pictures));
    this.microphone.setWish(this.choice.sound === 'clear' ? 'suppress' : undefined);
  }

  /** How a microphone is encoded is settled when it is published. */
  private async publishMicrophoneAnew(): Promise<void> {
    const local = this.room.localParticipant;
    const publication = local.getTrackPublication(Track.Source.Microphone);
    if (!publication?.track) return;
    const wasOn = !publication.isMuted;
    await local.unpublishTrack(publication.track as LocalTrack);
    if (wasOn) await this.set('microphone', true);
  }

  /** To the other side of a phone. */
  private async turnCamera(): Promise<void> {
    const { options } = this.room;
    const { deviceId: _, ...defaults } = options.videoCaptureDefaults ?? {};
    options.videoCaptureDefaults = { ...defaults, facingMode: this.choice.facing };
    const publication = this.room.localParticipant.getTrackPublication(Track.Source.Camera);
    const track = publication?.track as LocalVideoTrack | undefined;
    if (!track || publication?.isMuted) return;
    await track.restartTrack(options.videoCaptureDefaults).catch((error: unknown) => {
      this.failures.set('camera', toMediaFailure(error));
    });
  }

  private async makeBackground() {
    const listener: BackgroundListener = {
      onReport: (report) => {
        const wasReduced = this.report?.isReduced === true;
        if (report && report.isReduced !== wasReduced) tellInMeeting(report.isReduced ? 'reduced' : 'restored');
        this.report = report;
        this.onChange();
      },
      onLost: (reason) => void this.turnOffCamera(new MediaFailure(reason === 'tooSlow' ? 'effectSlow' : 'effect')),
    };
    const { BackgroundEffect } = await import('../media/background/effect');
    return new BackgroundEffect(listener);
  }

  /** Nobody is to see what somebody wanted to hide. */
  private async turnOffCamera(error: unknown): Promise<void> {
    if (this.closed) return;
    this.failures.set('camera', error instanceof MediaFailure ? error : new MediaFailure('effect'));
    this.onChange();
    await this.room.localParticipant.setCameraEnabled(false).catch(() => {});
    this.onChange();
  }

  /** A microphone is worked on in a context of its own. */
  private adapt(track: LocalAudioTrack): PublishedDevice {
    const known = this.adapters.get(track);
    if (known) return known;
    const adapter: PublishedDevice = {
      getProcessor: () => track.getProcessor(),
      setProcessor: async (processor) => {
        const { suppressionContext } = await import('../media/suppression');
        await track.setAudioContext(suppressionContext());
        await track.setProcessor(processor as Parameters<LocalAudioTrack['setProcessor']>[0]);
      },
      stopProcessor: () => track.stopProcessor(),
    };
    this.adapters.set(track, adapter);
    return adapter;
  }
}

async function makeSuppression() {
  const { SuppressionEffect } = await import('../media/suppression');
  return new SuppressionEffect();
}

/** Music is taken as it is, from both sides; of a voice the browser takes away echo and noise. */
function captureOf({ sound }: EffectChoice) {
  const isVoice = sound !== 'music';
  return {
    echoCancellation: isVoice,
    noiseSuppression: isVoice,
    autoGainControl: isVoice,
    channelCount: isVoice ? 1 : 2,
  };
}

function publishOf({ sound }: EffectChoice) {
  if (sound !== 'music') return undefined;
  return { audioPreset: AudioPresets.musicHighQualityStereo, dtx: false, red: false, forceStereo: true };
}

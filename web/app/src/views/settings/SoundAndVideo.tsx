import { useEffect, useState } from 'react';
import { Button } from '../../components/Button';
import { Preview } from '../../components/Preview';
import { describeError } from '../../i18n/describe';
import { useTexts } from '../../i18n';
import { playTone, watchLevel } from '../../media/level';
import { type Device, useDevice, useDevices } from '../../media/useDevices';
import { rememberDevice, usePreferences } from '../../state/preferences';
import { Part } from './Part';
import { useSettingsTexts } from './texts';

export function SoundAndVideo() {
  const { meeting } = useTexts();
  const texts = useSettingsTexts();
  const { devices: chosen } = usePreferences();
  const [isListening, setIsListening] = useState(false);
  const [isSeeing, setIsSeeing] = useState(false);
  const microphone = useDevice('audioinput', isListening, chosen.audioinput);
  const camera = useDevice('videoinput', isSeeing, chosen.videoinput);
  const devices = useDevices(microphone.stream ?? camera.stream);
  return (
    <Part title={texts.sound}>
      <DeviceSelect kind="audioinput" label={meeting.microphone} devices={devices} />
      <div className="settings-row">
        <Button onClick={() => setIsListening(!isListening)}>{isListening ? texts.stopMicrophone : texts.testMicrophone}</Button>
        {microphone.stream && <Level stream={microphone.stream} />}
      </div>
      <Failure device={microphone} />
      <DeviceSelect kind="videoinput" label={meeting.camera} devices={devices} />
      <div className="settings-row">
        <Button onClick={() => setIsSeeing(!isSeeing)}>{isSeeing ? texts.stopCamera : texts.testCamera}</Button>
      </div>
      {camera.stream && (
        <div className="settings-camera">
          <Preview stream={camera.stream} />
        </div>
      )}
      <Failure device={camera} />
      <DeviceSelect kind="audiooutput" label={meeting.speaker} devices={devices} />
      <SpeakerTest speakerId={chosen.audiooutput} />
    </Part>
  );
}

interface DeviceSelectProps {
  kind: MediaDeviceKind;
  label: string;
  devices: readonly MediaDeviceInfo[];
}

function DeviceSelect({ kind, label, devices }: DeviceSelectProps) {
  const { meeting } = useTexts();
  const { devices: chosen } = usePreferences();
  const ofKind = devices.filter((device) => device.kind === kind && device.deviceId !== '');
  return (
    <label className="settings-device">
      {label}
      <select
        className="field"
        disabled={ofKind.length === 0}
        value={chosen[kind] ?? ofKind[0]?.deviceId}
        onChange={(event) => rememberDevice(kind, event.target.value)}
      >
        {ofKind.length === 0 && <option>{meeting.defaultDevice}</option>}
        {ofKind.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name || meeting.defaultDevice}
          </option>
        ))}
      </select>
    </label>
  );
}

function Failure({ device: { failure } }: { device: Device }) {
  const texts = useTexts();
  return (
    <p className="form-error" role="alert">
      {failure && describeError(failure, texts)}
    </p>
  );
}

function Level({ stream }: { stream: MediaStream }) {
  const texts = useSettingsTexts();
  const [level, setLevel] = useState(0);
  useEffect(() => watchLevel(stream, setLevel), [stream]);
  return (
    <>
      <meter className="settings-level" aria-label={texts.level} min={0} max={1} value={level} />
      <small role="status">{texts.speakNow}</small>
    </>
  );
}

function SpeakerTest({ speakerId }: { speakerId: string | undefined }) {
  const texts = useSettingsTexts();
  const [state, setState] = useState<'playing' | 'failed'>();
  const play = () => {
    if (state === 'playing') return;
    setState('playing');
    playTone(speakerId).then(
      () => setState(undefined),
      () => setState('failed'),
    );
  };
  return (
    <div className="settings-row">
      <Button aria-disabled={state === 'playing'} onClick={play}>
        {texts.testSpeaker}
      </Button>
      <small role="status">{state === 'playing' ? texts.playing : state === 'failed' && texts.notPlayed}</small>
    </div>
  );
}

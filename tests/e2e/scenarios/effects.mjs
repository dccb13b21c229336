import assert from 'node:assert/strict';
import { answer, controls, inGroup, passPreview, preview, ring, seeCamera, startMeeting, tile } from '../lib/actions.mjs';
import { faces } from '../lib/faces.mjs';
import { eventually } from '../lib/runner.mjs';
import { writeNoisySpeech } from '../lib/voice.mjs';

/** The upper corners of the picture of hills: the sky, and of its centre the clothes of user 1. */
const sky = [147, 187, 231];

/** What is done with picture and sound on the device before they are sent. */
export async function effects({ test, skip, server, browsers, note, picture }) {
  let hasSpeech = true;
  browsers.voices[1] = async (path) => {
    try {
      await writeNoisySpeech(path);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      hasSpeech = false;
    }
  };
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);
  const asked = [];
  alice.on('request', (request) => asked.push(request.url()));
  const own = faces[1];

  await test('without an effect nothing of one is loaded', async () => {
    await startMeeting(alice);
    await ring(bob).waitFor();
    await answer(bob);
    await seeCamera(bob, 1);
    assert.deepEqual(
      asked.filter((url) => /tflite|wasm|worklet/i.test(url)),
      [],
    );
  });

  await test('a picture is put behind the person while the camera is on, and the person stays', async () => {
    await chooseBackground(alice, 'Hills');
    const seen = await eventually(async () => {
      const colours = await coloursOf(tile(bob, 1));
      return isNear(colours.corner, sky) && isNear(colours.clothes, own.clothes) && colours;
    }, 'hills behind alice, as bob sees it');
    note(`corner ${seen.corner}, clothes ${seen.clothes}`);
    await picture(bob, 'hills');
    assert.ok(asked.some((url) => url.includes('selfie_segmentation')) && asked.every((url) => url.startsWith(server.origin)));
  });

  await test('the blur leaves the person sharp, and the effect keeps 15 frames a second', async () => {
    await chooseBackground(alice, 'Blurred');
    await eventually(async () => {
      const { corner, clothes } = await coloursOf(tile(bob, 1));
      return isNear(corner, own.background, 60) && isNear(clothes, own.clothes);
    }, 'the own room behind alice');
    await alice.keyboard.press('Control+i');
    const figure = (name) => alice.locator(`dd[data-figure="background-${name}"]`).innerText();
    await eventually(async () => Number.parseFloat(await figure('fps')) > 0, 'figures of the effect');
    const rates = [];
    // The film of the fake camera has 15 frames a second, and a second is not measured exactly. Other programs on the
    // machine may take it for a while.
    await eventually(async () => {
      const last = Number.parseFloat(await figure('fps'));
      if (rates.at(-1) !== last) rates.push(last);
      return rates.length >= 5 && rates.slice(-3).every((rate) => rate >= 13.5);
    }, `three seconds of 15 frames: ${rates}`, 90_000);
    note(`frames per second ${rates.join(', ')}, added delay ${await figure('delay')}, ${await figure('every')}, ${await figure('by')}`);
    await picture(bob, 'blur');
    await alice.keyboard.press('Control+i');
  });

  await test('who is behind a background is never seen without it, not even for a moment', async () => {
    await chooseBackground(alice, 'Hills');
    await eventually(async () => isNear((await coloursOf(tile(bob, 1))).corner, sky), 'hills');
    await alice.getByRole('button', { name: 'Leave', exact: true }).click();
    await tile(bob, 1).waitFor({ state: 'detached' });
    await watchCorners(bob, 1);
    await alice.getByRole('region', { name: 'Meeting', exact: true }).getByRole('button', { name: 'Join' }).click();
    await eventually(async () => isNear((await coloursOf(preview(alice))).corner, sky), 'hills in the preview, too');
    await picture(alice, 'preview-hills');
    await passPreview(alice);
    await eventually(async () => isNear((await coloursOf(tile(bob, 1))).corner, sky), 'hills');
    const corners = await bob.evaluate(() => window.e2eCorners);
    const bare = corners.filter((colour) => isNear(colour, own.background, 40));
    assert.ok(corners.length > 0);
    assert.deepEqual(bare, []);
  });

  await test('the camera goes off and on, and the background stays', async () => {
    await controls(alice).getByRole('button', { name: 'Turn camera off' }).click();
    await tile(bob, 1).locator('video').waitFor({ state: 'detached' });
    await controls(alice).getByRole('button', { name: 'Turn camera on' }).click();
    await eventually(async () => isNear((await coloursOf(tile(bob, 1))).corner, sky), 'hills');
    await chooseBackground(alice, 'As it is');
    await seeCamera(bob, 1);
  });

  await test('noise is taken out of a voice, and the voice stays', async () => {
    if (!hasSpeech) return;
    const plain = await loudness(bob);
    await chooseSound(alice, 'Voice, without noise');
    await eventually(() => asked.some((url) => /rnnoise/.test(url)), 'RNNoise is loaded');
    // The first second is learnt from.
    await loudness(bob, 2);
    const clear = await loudness(bob);
    await chooseSound(alice, 'Music, as it is');
    await loudness(bob, 2);
    const music = await loudness(bob);
    const say = ({ speech, pause, ratio }) => `speech ${speech.toFixed(1)} dB, pauses ${pause.toFixed(1)} dB: ${ratio.toFixed(1)} dB`;
    note(`as it is: ${say(music)}`);
    note(`by the browser: ${say(plain)}`);
    note(`by RNNoise too: ${say(clear)}`);
    assert.ok(clear.ratio > music.ratio + 10, 'at least 10 dB less noise than in the microphone');
    assert.ok(clear.speech > music.speech - 12, 'the voice is still heard');
    await chooseSound(alice, 'Voice');
  });
  if (!hasSpeech) skip('noise is taken out of a voice, and the voice stays', 'there is no espeak-ng');

  await test('voices come from where the people are: one from the left is louder on the left', async () => {
    const carol = await inGroup(browsers, server, 3);
    await bob.addInitScript(watchSpeakers);
    await bob.reload();
    await controls(bob).waitFor();
    await carol.getByRole('region', { name: 'Meeting', exact: true }).getByRole('button', { name: 'Join' }).click();
    await passPreview(carol);
    await Promise.all([seeCamera(bob, 1), seeCamera(bob, 3)]);
    await controls(alice).getByRole('button', { name: 'Turn microphone off' }).click();
    await chooseSound(bob, 'Voices from where people are');
    const middle = async (user) => {
      const box = await tile(bob, user).boundingBox();
      return box.x + box.width / 2;
    };
    const isLeft = (await middle(3)) < (await middle(1));
    const { left, right } = await eventually(async () => {
      const energy = await bob.evaluate(() => window.e2eEnergy(2000));
      return energy.left + energy.right > 1e-6 && energy;
    }, 'sound');
    note(`carol is ${isLeft ? 'left' : 'right'}: left ${left.toExponential(1)}, right ${right.toExponential(1)}`);
    assert.equal(left > right, isLeft);
    const muted = await bob.evaluate(() => [...document.querySelectorAll('audio')].every((element) => element.muted));
    assert.ok(muted, 'nobody is heard twice');
    await chooseSound(bob, 'Voices from where people are');
    await eventually(() => bob.evaluate(() => [...document.querySelectorAll('audio')].every((element) => !element.muted)), 'as before');
  });
}

async function choose(page, button, name) {
  await controls(page).getByRole('button', { name: button }).click();
  await page.locator('[role^=menuitem]').filter({ hasText: new RegExp(`^${name}$`) }).click();
}

const chooseBackground = (page, name) => choose(page, 'Camera: Choose devices', name);
const chooseSound = (page, name) => choose(page, 'Microphone: Choose devices', name);

/** The colours of an upper corner and of the clothes in the middle below, of the picture that is shown. */
function coloursOf(within) {
  return within.locator('video').evaluate((video) => {
    const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, 64, 36);
    const at = (x, y) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
    return { corner: at(4, 3), clothes: at(32, 33) };
  });
}

function isNear(colour, expected, distance = 45) {
  return Math.hypot(...colour.map((value, i) => value - expected[i])) < distance;
}

/** Keeps the colour of a corner of each frame of that user's picture, from now on. */
function watchCorners(page, user) {
  return page.evaluate((identity) => {
    window.e2eCorners = [];
    const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
    const watch = (video) => {
      const look = () => {
        context.drawImage(video, 0, 0, 64, 36);
        window.e2eCorners.push([...context.getImageData(4, 3, 1, 1).data.slice(0, 3)]);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    };
    const known = new WeakSet();
    new MutationObserver(() => {
      const video = document.querySelector(`figure[data-identity="${identity}"] video`);
      if (!video || known.has(video)) return;
      known.add(video);
      watch(video);
    }).observe(document.body, { subtree: true, childList: true });
  }, user);
}

/** How loud the voice and the pauses are of the only other one who is heard, in dB; over the whole text of the voice. */
async function loudness(page, seconds = 9) {
  // With other processing the microphone is another track: for a moment nothing of it is there.
  await page.waitForFunction(() => document.querySelector('audio')?.srcObject?.active);
  return page.evaluate(async (milliseconds) => {
    const [element] = document.querySelectorAll('audio');
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(element.srcObject).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const levels = [];
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      await new Promise((done) => setTimeout(done, 40));
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      levels.push(10 * Math.log10(power + 1e-10));
    }
    await context.close();
    levels.sort((a, b) => a - b);
    const at = (part) => levels[Math.floor(levels.length * part)];
    return { speech: at(0.8), pause: at(0.1), ratio: at(0.8) - at(0.1) };
  }, seconds * 1000);
}

/** Runs in the page before its own code: what goes to the loudspeakers can be measured, left and right. */
function watchSpeakers() {
  const connect = AudioNode.prototype.connect;
  const ears = [];
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const splitter = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 });
      const pair = [0, 1].map(() => new AnalyserNode(this.context, { fftSize: 2048 }));
      connect.call(this, splitter);
      for (const [side, analyser] of pair.entries()) connect.call(splitter, analyser, side);
      ears.push(pair);
    }
    return connect.call(this, target, ...rest);
  };
  window.e2eEnergy = async (milliseconds) => {
    const sums = [0, 0];
    const samples = new Float32Array(2048);
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      await new Promise((done) => setTimeout(done, 40));
      for (const pair of ears) {
        for (const [side, analyser] of pair.entries()) {
          analyser.getFloatTimeDomainData(samples);
          sums[side] += samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
        }
      }
    }
    return { left: sums[0], right: sums[1] };
  };
}

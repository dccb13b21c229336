// Clients that no UDP reaches: media over TCP, through the embedded TURN server, and through coturn.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Room, TrackKind } from '@livekit/rtc-node';
import { AccessToken } from 'livekit-server-sdk';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { freePort, startTurms } from '../../e2e/lib/server.mjs';
import { publishColour, seeColour } from './media.mjs';
import { chromiumArguments, chromiumPath, connect, serveBundle, watchVideos } from './page.mjs';

const apiKey = 'devkey';
const apiSecret = 'secret';
const coturnPath = '/usr/bin/turnserver';

const mint = (identity, room) => {
  const token = new AccessToken(apiKey, apiSecret, { identity, ttl: '10m' });
  token.addGrant({ roomJoin: true, room });
  return token.toJwt();
};

/** In the page: of each selected pair of candidates, how it gets there. */
async function selectedPairs() {
  const pairs = [];
  const { publisher, subscriber } = window.room.engine.pcManager;
  for (const transport of [publisher, subscriber]) {
    if (!transport) continue;
    const reports = await transport._pc.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'candidate-pair' || !report.nominated || report.state !== 'succeeded') continue;
      const local = reports.get(report.localCandidateId);
      const remote = reports.get(report.remoteCandidateId);
      pairs.push({
        protocol: remote.protocol,
        port: remote.port,
        type: local.candidateType,
        relay: local.relayProtocol,
      });
    }
  }
  return pairs;
}

/** A certificate for 127.0.0.1, signed by itself. */
function selfSigned() {
  const directory = mkdtempSync(join(tmpdir(), 'turms-tls-'));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test',
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  );
  return { key, certificate, remove: () => rmSync(directory, { recursive: true }) };
}

/** The status of GET / over TLS. */
const statusOverTls = (port) =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });

export async function run(test) {
  const bundle = await serveBundle();
  const origin = `http://127.0.0.1:${bundle.address().port}/`;
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [...chromiumArguments, '--ignore-certificate-errors'],
  });

  const withServer = async (settings, body) => {
    const server = await startTurms({ settings });
    try {
      await body(server.origin.replace('http', 'ws'));
    } finally {
      await server.stop();
    }
  };
  /** Two pages that see each other, and how their media gets there. */
  const seeEachOther = async (url, connectOptions = {}) => {
    const pages = [];
    for (const identity of ['alice', 'bob']) {
      const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(origin);
      await page.evaluate(connect, [url, await mint(identity, 'firewall'), {}, connectOptions]);
      pages.push(page);
    }
    await Promise.all(pages.map((page) => page.evaluate(() => window.room.localParticipant.setCameraEnabled(true))));
    for (const page of pages) {
      await eventually(async () => {
        const videos = await page.evaluate(watchVideos);
        return videos.length > 0 && videos.every((video) => video.width > 0 && video.frames > 10);
      }, 'a moving picture');
    }
    const pairs = (await Promise.all(pages.map((page) => page.evaluate(selectedPairs)))).flat();
    await Promise.all(pages.map((page) => page.context().close()));
    assert.ok(pairs.length >= 2, JSON.stringify(pairs));
    return pairs;
  };

  try {
    await test('without UDP, Chromium sends and receives over TCP', () =>
      withServer({ 'livekit.rtc.force_tcp': true }, async (url) => {
        for (const pair of await seeEachOther(url)) assert.equal(pair.protocol, 'tcp');
      }));

    await test('without UDP, rtc-node sends and receives over TCP', () =>
      withServer({ 'livekit.rtc.force_tcp': true }, async (url) => {
        const [alice, bob] = [new Room(), new Room()];
        await alice.connect(url, await mint('alice', 'firewall'));
        await bob.connect(url, await mint('bob', 'firewall'));
        const picture = await publishColour(alice, [0, 200, 0]);
        const track = await eventually(
          () =>
            [...bob.remoteParticipants.values()]
              .flatMap((participant) => [...participant.trackPublications.values()])
              .find((publication) => publication.kind === TrackKind.KIND_VIDEO && publication.track)?.track,
          'a subscribed picture',
        );
        await seeColour(track, [0, 200, 0]);
        picture.stop();
        await Promise.all([alice.disconnect(), bob.disconnect()]);
      }));

    const relayOnly = { rtcConfig: { iceTransportPolicy: 'relay' } };
    await test('through the embedded TURN server over UDP', () =>
      withServer(
        { 'livekit.turn.enabled': true, 'livekit.turn.udp_port': -1, 'livekit.rtc.tcp_port': 0 },
        async (url) => {
          for (const pair of await seeEachOther(url, relayOnly)) {
            assert.deepEqual([pair.type, pair.relay], ['relay', 'udp']);
          }
        },
      ));

    await test('through the embedded TURN server over TCP', () =>
      withServer({ 'livekit.turn.enabled': true }, async (url) => {
        for (const pair of await seeEachOther(url, relayOnly)) {
          assert.deepEqual([pair.type, pair.relay], ['relay', 'tcp']);
        }
      }));

    const onePort = async (settings, body) => {
      const port = await freePort();
      const { key, certificate, remove } = selfSigned();
      try {
        await withServer(
          { 'http.port': port, 'http.tls.cert_file': certificate, 'http.tls.key_file': key, ...settings(port) },
          async () => {
            assert.equal(await statusOverTls(port), 200);
            await body(`wss://127.0.0.1:${port}`, port);
          },
        );
      } finally {
        remove();
      }
    };
    await test('one port serves the page, signalling over TLS, and media through TURN over TLS', () =>
      onePort(
        (port) => ({
          'livekit.rtc.tcp_port': 0,
          'livekit.turn.enabled': true,
          'livekit.turn.domain': '127.0.0.1',
          'livekit.turn.tls_port': port,
        }),
        async (url) => {
          for (const pair of await seeEachOther(url, relayOnly)) {
            assert.deepEqual([pair.type, pair.relay], ['relay', 'tls']);
          }
        },
      ));

    await test('one port serves signalling over TLS and media over TCP', () =>
      onePort(
        (port) => ({ 'livekit.rtc.tcp_port': port, 'livekit.rtc.force_tcp': true }),
        async (url, port) => {
          for (const pair of await seeEachOther(url)) assert.deepEqual([pair.protocol, pair.port], ['tcp', port]);
        },
      ));

    if (!existsSync(coturnPath)) {
      console.log('      left out: coturn is not installed');
    } else {
      await test('through coturn, with credentials that expire', async () => {
        const port = await freePort();
        const coturn = spawn(
          coturnPath,
          ['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, '--no-tls', '--no-dtls',
            '--no-cli', '--allow-loopback-peers', '--use-auth-secret', '--static-auth-secret=north', '--realm=turms.test',
            '--log-file=stdout', '--pidfile=', '--no-stdout-log'],
          { stdio: 'ignore' },
        );
        try {
          await withServer(
            { 'livekit.rtc.turn_servers': `host=127.0.0.1 port=${port} protocol=tcp secret=north ttl=600` },
            async (url) => {
              for (const pair of await seeEachOther(url, relayOnly)) {
                assert.deepEqual([pair.type, pair.relay], ['relay', 'tcp']);
              }
            },
          );
        } finally {
          coturn.kill();
        }
      });
    }
  } finally {
    await browser.close();
    bundle.close();
  }
}

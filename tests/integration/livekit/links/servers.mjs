// The server under test on its side of the link: ours, or LiveKit's.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, freeUdpPort, readReadyLine, start } from '../../../e2e/lib/server.mjs';
import { inside, serverBinary } from './link.mjs';

export const apiKey = 'devkey';
export const apiSecret = 'a-secret-of-this-run-that-is-long-enough';

/**
 * Each is { url, udpPort, log(), stop() }. `kind`: 'turms', 'livekit' (as it comes), or 'livekit-send-side' (with its
 * estimation of bandwidth at the sender). `net`: the namespace; without one it listens on loopback.
 */
export async function startServer({ kind, net, ip }) {
  const directory = await mkdtemp(join(tmpdir(), 'turms-links-'));
  const [port, tcpPort, udpPort] = net ? [7880, 7881, 7882] : await Promise.all([freePort(), freePort(), freeUdpPort()]);
  const begin = kind === 'turms' ? startTurms : startLiveKit;
  let server;
  try {
    server = await begin({ directory, net, ip, port, tcpPort, udpPort, sendSide: kind === 'livekit-send-side' });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `ws://${ip}:${port}`,
    udpPort,
    log: () => server.log,
    async stop() {
      // LiveKit waits long for participants that are gone with their browsers.
      await server.stop(kind === 'turms' ? 'SIGTERM' : 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function startTurms({ directory, net, ip, port, udpPort }) {
  const settings = {
    'http.port': port,
    'http.bind': ip,
    'admin.port': 0,
    'turms.gateway.websocket.port': 0,
    'turms.gateway.tcp.port': 0,
    'livekit.keys': `${apiKey}: ${apiSecret}`,
    'livekit.rtc.udp_port': udpPort,
    'livekit.rtc.tcp_port': -1,
    ...(net && { 'livekit.rtc.bind': '0.0.0.0', 'livekit.rtc.node_ip': ip }),
    ...settingsOf(process.env.TURMS_LINKS_SETTINGS),
  };
  const args = ['serve', '--dev', '--data', join(directory, 'data')];
  for (const [key, value] of Object.entries(settings)) args.push('--set', `${key}=${value}`);
  const [program, ...rest] = inside(net, [serverBinary, ...args]);
  return start('turms', program, rest, readReadyLine);
}

/** More settings of our server, as "key=value key=value". */
function settingsOf(text = '') {
  return Object.fromEntries(text.split(' ').filter(Boolean).map((setting) => setting.split(/=(.*)/s).slice(0, 2)));
}

async function startLiveKit({ directory, net, ip, port, tcpPort, udpPort, sendSide }) {
  const config = join(directory, 'livekit.yaml');
  const rtc = [
    `tcp_port: ${tcpPort}`,
    `udp_port: ${udpPort}`,
    `node_ip: ${ip}`,
    'use_external_ip: false',
    'allow_tcp_fallback: false',
    // A full agent would find its way past a proxy.
    ...(net ? [] : ['use_ice_lite: true', 'enable_loopback_candidate: true', 'interfaces: {includes: [lo]}']),
    ...(sendSide ? ['congestion_control: {use_send_side_bwe: true}'] : []),
  ];
  await writeFile(
    config,
    [
      `port: ${port}`,
      `bind_addresses: ["${ip}"]`,
      `rtc: {${rtc.join(', ')}}`,
      `keys: {${apiKey}: ${apiSecret}}`,
      'logging: {level: info, json: true}',
      '',
    ].join('\n'),
  );
  const [program, ...args] = inside(net, [process.env.TURMS_LIVEKIT_BINARY, '--config', config]);
  return start('livekit', program, args, (line) => line.includes('starting LiveKit server'));
}

// A proxy that serves everything below a path, as one does that has several programs behind one name.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

/** Resolves with the origin and path below which the server is, and with what stops it. */
export async function startPrefixProxy(origin, prefix) {
  const target = new URL(origin);
  const inner = (url) => (url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : undefined);
  const proxy = createServer((incoming, outgoing) => {
    const path = inner(incoming.url);
    if (path === undefined) {
      outgoing.writeHead(404).end();
      return;
    }
    const { host: _, ...headers } = incoming.headers;
    const options = { host: target.hostname, port: target.port, method: incoming.method, path, headers: { ...headers, host: incoming.headers.host } };
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  proxy.on('upgrade', (incoming, socket, head) => {
    const path = inner(incoming.url);
    if (path === undefined) {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname, () => {
      const lines = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}`);
      upstream.write(`${incoming.method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on('error', () => (socket.destroy(), upstream.destroy()));
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return {
    address: `http://127.0.0.1:${proxy.address().port}${prefix}`,
    stop: () => new Promise((done) => (proxy.closeAllConnections(), proxy.close(done))),
  };
}

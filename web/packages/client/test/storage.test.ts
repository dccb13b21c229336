import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { TurmsNotificationSchema } from '../src/gen/turms/notification_pb.js';
import { attachmentText, httpOrigin, parseAttachment, StorageApi } from '../src/storage.js';
import type { RequestKind } from '../src/wire.js';

function answer(info: Record<string, string>) {
  return create(TurmsNotificationSchema, {
    data: { kind: { case: 'stringsWithVersion', value: { strings: Object.entries(info).flat() } } },
  });
}

function storageWith(info: Record<string, string>, status = 204, origin?: string) {
  const requests: RequestKind[] = [];
  const posts: { url: string; fields: [string, FormDataEntryValue][] }[] = [];
  const client = {
    request: (kind: RequestKind) => {
      requests.push(kind);
      return Promise.resolve(answer(info));
    },
  };
  const storage = new StorageApi(client, origin, (url, options) => {
    posts.push({ url: `${url as string}`, fields: [...(options?.body as FormData).entries()] });
    return Promise.resolve(new Response(null, { status }));
  });
  return { storage, requests, posts };
}

const info = { policy: 'p', signature: 's', key: 'wrong', path: '/storage/message-attachment', url: 'http://store/b', id: '7' };

describe('storage', () => {
  it('posts the form as S3 wants it', async () => {
    const { storage, requests, posts } = storageWith(info);
    const file = new Blob(['abc'], { type: 'image/png' });
    expect(await storage.uploadToGroup(5n, file, 'a.png')).toEqual({ id: 7n, name: 'a.png', mediaType: 'image/png', size: 3 });
    expect(requests[0]?.value).toMatchObject({ idNum: -5n, name: 'a.png', mediaType: 'image/png' });
    expect(posts[0]?.url).toBe('http://store/b');
    expect(posts[0]?.fields.map(([name]) => name)).toEqual(['policy', 'signature', 'key', 'Content-Type', 'file']);
    expect(posts[0]?.fields[2]?.[1]).toBe('7');
  });

  it('reaches the built-in store where the session is', async () => {
    const { storage, posts } = storageWith(info, 204, 'https://chat.example');
    await storage.uploadToGroup(5n, new Blob(['abc']), 'a');
    expect(posts[0]?.url).toBe('https://chat.example/storage/message-attachment');
    const link = await storageWith({ path: '/storage/x?a=1', url: 'http://y' }, 200, 'https://chat.example').storage.attachmentLink(7n);
    expect(link).toEqual({ url: 'https://chat.example/storage/x?a=1', smallUrl: 'https://chat.example/storage/x?a=1&small=1' });
    const elsewhere = await storageWith({ url: 'http://s3/x?sig' }).storage.attachmentLink(7n);
    expect(elsewhere).toEqual({ url: 'http://s3/x?sig', smallUrl: 'http://s3/x?sig' });
  });

  it('tells why an upload was refused', async () => {
    const { storage } = storageWith(info, 413);
    await expect(storage.uploadToGroup(5n, new Blob(['abc']), 'a')).rejects.toMatchObject({ code: 413 });
  });

  it('knows the origin of sessions at a path', () => {
    expect(httpOrigin('wss://a.example/turms')).toBe('https://a.example');
    expect(httpOrigin('ws://a.example:7880/turms')).toBe('http://a.example:7880');
    expect(httpOrigin('ws://a.example:10510')).toBeUndefined();
  });

  it('writes attachments as text and reads them back', () => {
    const attachment = { id: 12345678901234567n, name: 'a [b](c) 图.png', mediaType: 'image/svg+xml', size: 1234 };
    expect(parseAttachment(attachmentText(attachment))).toEqual(attachment);
    const long = attachmentText({ ...attachment, name: 'x'.repeat(1000) });
    expect(long.length).toBeLessThan(500);
    expect(parseAttachment(long)?.id).toBe(attachment.id);
    for (const text of ['', 'hello', '[a](turms-attachment:0?type=a/b&size=1)', '[a](turms-attachment:1?type=a&size=1)',
      '[a](turms-attachment:1?type=a/b&size=1) more', '[a](https://example.com)', '[a](turms-attachment:x?type=a/b&size=1)']) {
      expect(parseAttachment(text)).toBeUndefined();
    }
  });
});

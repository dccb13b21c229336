import type { ConversationRef } from './conversations.js';
import { TurmsError } from './errors.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import { StorageResourceType } from './gen/turms/model_pb.js';
import { type Fetch, postForm, type PostOptions } from './post.js';
import type { Requester } from './requester.js';

/** A file that was sent. */
export interface Attachment {
  id: bigint;
  name: string;
  /** As its sender says. */
  mediaType: string;
  /** In bytes, as its sender says. */
  size: number;
}

/** Where something can be had, for a while. */
export interface ResourceLink {
  url: string;
  /** The same as a small picture; of what is no picture, the same. */
  smallUrl: string;
}

/** What the server says an upload, or a download, takes. */
type ResourceInfo = Map<string, string>;

/** Files that are sent in groups. Their bytes go by HTTP, past the session. */
export class StorageApi {
  /** `origin`: of the server's HTTP port, where that is known; the store's own URLs are used elsewhere. */
  constructor(
    private readonly client: Requester,
    private readonly origin: string | undefined,
    private readonly fetch: Fetch = (...request) => globalThis.fetch(...request),
  ) {}

  uploadToGroup(groupId: bigint, file: Blob, name: string, options?: PostOptions): Promise<Attachment> {
    return this.upload({ groupId }, file, name, options);
  }

  /** Uploads a file that those of the conversation may see. It is in no message yet: see `attachmentText`. */
  async upload(to: ConversationRef, file: Blob, name: string, options: PostOptions = {}): Promise<Attachment> {
    const mediaType = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : 'application/octet-stream';
    const answer = await this.client.request({
      case: 'queryResourceUploadInfoRequest',
      value: { type: StorageResourceType.MESSAGE_ATTACHMENT, idNum: 'groupId' in to ? -to.groupId : to.userId, name, mediaType },
    });
    const info = infoOf(answer);
    const id = info.get('id');
    if (id === undefined) throw new TurmsError('protocol', 'The server gave no id to the upload');
    const form = new FormData();
    for (const [key, value] of info) if (key !== 'id' && key !== 'url' && key !== 'path') form.set(key, value);
    form.set('key', id);
    form.set('Content-Type', mediaType);
    // S3 reads no field behind it.
    form.set('file', file, name);
    const status = await postForm(this.fetch, this.urlOf(info), form, options);
    if (status < 200 || status > 299) throw new TurmsError('refused', `The upload was answered ${status}`, status);
    return { id: BigInt(id), name, mediaType, size: file.size };
  }

  async attachmentLink(id: bigint): Promise<ResourceLink> {
    const answer = await this.client.request({
      case: 'queryResourceDownloadInfoRequest',
      value: { type: StorageResourceType.MESSAGE_ATTACHMENT, idNum: id },
    });
    const info = infoOf(answer);
    const url = this.urlOf(info);
    return { url, smallUrl: info.has('path') ? `${url}&small=1` : url };
  }

  async deleteAttachment(id: bigint): Promise<void> {
    await this.client.request({
      case: 'deleteResourceRequest',
      value: { type: StorageResourceType.MESSAGE_ATTACHMENT, idNum: id },
    });
  }

  /** The built-in store is reached where the session is. */
  private urlOf(info: ResourceInfo): string {
    const path = info.get('path');
    if (this.origin !== undefined && path?.startsWith('/')) return this.origin + path;
    const url = info.get('url');
    if (url === undefined) throw new TurmsError('protocol', 'The server gave no URL');
    return url;
  }
}

/**
 * Where the HTTP port of a server is whose sessions are at a path of it, with the path that a proxy has put before it;
 * nothing for a port of sessions only.
 */
export function httpOrigin(sessionUrl: string): string | undefined {
  const { protocol, host, pathname } = new URL(sessionUrl);
  if (!pathname.endsWith('/turms')) return undefined;
  return `${protocol === 'wss:' ? 'https:' : 'http:'}//${host}${pathname.slice(0, -'/turms'.length)}`;
}

function infoOf(answer: TurmsNotification): ResourceInfo {
  const data = answer.data?.kind;
  const info: ResourceInfo = new Map();
  if (data?.case !== 'stringsWithVersion') return info;
  const { strings } = data.value;
  for (let i = 0; i + 1 < strings.length; i += 2) info.set(strings[i] as string, strings[i + 1] as string);
  return info;
}

const maxNameInText = 120;
const attachmentPattern = /^\[(.*)\]\(turms-attachment:([1-9]\d{0,18})\?type=([\w.+-]+\/[\w.+-]+)&size=(\d{1,15})\)$/s;

/**
 * The text of a message that is an attachment: what the server keeps of a message is its text. Clients that do not know it
 * show the file's name.
 */
export function attachmentText({ id, name, mediaType, size }: Attachment): string {
  const characters = [...name];
  const short = characters.length > maxNameInText ? `${characters.slice(0, maxNameInText - 1).join('')}…` : name;
  return `[${short}](turms-attachment:${id}?type=${mediaType}&size=${size})`;
}

/** Nothing when the text is no attachment. Anybody can write one: what it names is only shown to those who may have it. */
export function parseAttachment(text: string): Attachment | undefined {
  const [, name, id, mediaType, size] = attachmentPattern.exec(text) ?? [];
  if (name === undefined || id === undefined || mediaType === undefined || size === undefined) return undefined;
  return { id: BigInt(id), name, mediaType, size: Number(size) };
}

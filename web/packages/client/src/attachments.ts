import type { ConversationRef } from './conversations.js';
import type { Requester } from './requester.js';

/** A file that is kept, and whose it is. Time in milliseconds. */
export interface StoredFile {
  id: bigint;
  name: string;
  mediaType: string;
  uploaderId: bigint;
  createdAt: number;
}

export interface FilesQuery {
  /** Of these users, and these groups; without any, all that the user may see. */
  userIds?: bigint[];
  groupIds?: bigint[];
  /** Made from then on, and before then. */
  since?: number;
  before?: number;
  /** Only those that this user uploaded, or only those of others. */
  mine?: boolean;
}

/** Files of conversations: which there are, and who may have them. A part of its own: `new Attachments(client)`; uploads are `client.storage`. */
export class Attachments {
  constructor(private readonly client: Requester) {}

  async list({ userIds = [], groupIds = [], since, before, mine }: FilesQuery = {}): Promise<StoredFile[]> {
    const answer = await this.client.request({
      case: 'queryMessageAttachmentInfosRequest',
      value: {
        userIds,
        groupIds,
        ...(since !== undefined && { creationDateStart: BigInt(since) }),
        ...(before !== undefined && { creationDateEnd: BigInt(before) }),
        ...(mine !== undefined && { areSharedByMe: mine }),
      },
    });
    const data = answer.data?.kind;
    if (data?.case !== 'storageResourceInfos') return [];
    return data.value.infos.map(({ idNum = 0n, name = '', mediaType = '', uploaderId, creationDate }) => ({
      id: idNum,
      name,
      mediaType,
      uploaderId,
      createdAt: Number(creationDate),
    }));
  }

  /** Lets those of another conversation have a file that this user uploaded. */
  async share(id: bigint, to: ConversationRef): Promise<void> {
    const whom = 'groupId' in to ? { groupIdToShareWith: to.groupId } : { userIdToShareWith: to.userId };
    await this.client.request({ case: 'updateMessageAttachmentInfoRequest', value: { attachmentIdNum: id, ...whom } });
  }

  /** Who has a link keeps it until it expires. */
  async unshare(id: bigint, from: ConversationRef): Promise<void> {
    const whom = 'groupId' in from ? { groupIdToUnshareWith: from.groupId } : { userIdToUnshareWith: from.userId };
    await this.client.request({ case: 'updateMessageAttachmentInfoRequest', value: { attachmentIdNum: id, ...whom } });
  }
}

/** What samr tells of groups and aliases: MS-SAMR 2.2.4, 2.2.5. */
import { conformantArray, struct, u16, u32, unicodeString, union, unique } from '../ndr/index.ts'

const text = unicodeString()
const all = struct('SAMPR_GROUP_GENERAL_INFORMATION', {
  name: text,
  attributes: u32,
  memberCount: u32,
  adminComment: text,
})

/** SAMPR_GROUP_INFO_BUFFER, MS-SAMR 2.2.5.7. The last level differs from the first in what it costs. */
export const GroupInformation = union('SAMPR_GROUP_INFO_BUFFER', u16, {
  1: all,
  2: struct('SAMPR_GROUP_NAME_INFORMATION', { name: text }),
  3: struct('GROUP_ATTRIBUTE_INFORMATION', { attributes: u32 }),
  4: struct('SAMPR_GROUP_ADM_COMMENT_INFORMATION', { adminComment: text }),
  5: all,
})

/** SAMPR_GET_MEMBERS_BUFFER, MS-SAMR 2.2.7.14. */
export const GroupMembers = struct('SAMPR_GET_MEMBERS_BUFFER', {
  memberCount: u32.countOf('members'),
  members: unique(conformantArray(u32)),
  attributes: unique(conformantArray(u32)),
})

/** SAMPR_ALIAS_INFO_BUFFER, MS-SAMR 2.2.6.6. */
export const AliasInformation = union('SAMPR_ALIAS_INFO_BUFFER', u16, {
  1: struct('SAMPR_ALIAS_GENERAL_INFORMATION', { name: text, memberCount: u32, adminComment: text }),
  2: struct('SAMPR_ALIAS_NAME_INFORMATION', { name: text }),
  3: struct('SAMPR_ALIAS_ADM_COMMENT_INFORMATION', { adminComment: text }),
})

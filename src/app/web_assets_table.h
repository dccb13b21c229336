#pragma once
/* The table that tools/embed_web writes. C, so that generated code needs nothing of ours. */

#ifdef __cplusplus
extern "C" {
#endif

struct TurmsWebAsset {
  const char* path; /* "/assets/index-1a2b.js" */
  const char* content_type;
  const char* etag; /* with its quotes */
  const unsigned char* plain;
  unsigned long plain_size;
  const unsigned char* gzip; /* null when compression does not help */
  unsigned long gzip_size;
  const unsigned char* brotli; /* likewise */
  unsigned long brotli_size;
};

extern const struct TurmsWebAsset turms_web_assets[];
extern const unsigned long turms_web_asset_count;

#ifdef __cplusplus
}
#endif

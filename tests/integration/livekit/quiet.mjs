// Imported first: rtc-node reads this when it is loaded, and writes a line per request otherwise.
process.env.NODE_ENV ??= 'production';

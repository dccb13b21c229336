import hills from './pictures/hills.svg?url';
import study from './pictures/study.svg?url';

/** The pictures that come with the page, to be behind a person. */
export const pictures = { hills, study };

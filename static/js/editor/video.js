/** What a video needs from the start, and an image never. */
export { frameBar } from "./panels/frame_bar.js";
export { VideoSource } from "./render/video.js";

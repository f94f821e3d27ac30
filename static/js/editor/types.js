/**
 * The shapes of data that the editor's modules pass to each other. Types only: nothing loads this file.
 *
 * @typedef {[number, number]} Point in pixels of the upright picture
 * @typedef {{minX: number, minY: number, maxX: number, maxY: number}} Bounds
 *
 * @typedef {{type: "box", x: number, y: number, w: number, h: number}} Box
 * @typedef {{type: "rbox", cx: number, cy: number, w: number, h: number, angle: number}} RotatedBox
 * @typedef {[string | number, number, number]} Vertex id, x, y
 * @typedef {{type: "polygon", rings: Vertex[][]}} Polygon
 * @typedef {{type: "polyline", points: Vertex[]}} Polyline
 * @typedef {{type: "keypoints", points: [number, number, number][]}} Keypoints
 * @typedef {{type: "mask", size: [number, number], counts?: string, blob?: string}} Mask run lengths, or the name of a blob of the item that holds them
 * @typedef {{type: "tag"}} Tag
 * @typedef {Box | RotatedBox | Polygon | Polyline | Keypoints | Mask | Tag} Geometry
 *
 * @typedef {object} Keyframe
 * @property {Geometry} [geometry]
 * @property {boolean} [outside]
 * @property {boolean} [occluded]
 * @property {Record<string, unknown>} [attributes]
 *
 * @typedef {object} Annotation
 * @property {string} id
 * @property {string} label the label's id
 * @property {Geometry} geometry
 * @property {Record<string, unknown>} attributes
 * @property {"human" | "model" | "import"} source
 * @property {number | null} [confidence]
 * @property {number | null} [frame]
 * @property {Record<string, Keyframe> | null} [keyframes]
 * @property {number | null} [detection_id] the number that people call it by; the server gives it
 * @property {string | null} [group] shapes with the same group are selected and moved as one
 * @property {number} [z] drawn above those with a lower one
 * @property {unknown} [author]
 * @property {unknown} [updated_by]
 * @property {string | null} [updated_at]
 * @property {number} [geom_rev]
 * @property {number} [track_rev]
 * @property {number} [created_rev]
 * @property {number} [updated_rev]
 * @property {boolean} [deleted]
 *
 * @typedef {{op: string, id: string, [field: string]: any}} Op
 * @typedef {{id: string | null, name?: string}} Person
 *
 * @typedef {object} CommittedTx
 * @property {number} rev
 * @property {string} tx_id
 * @property {string} client_id
 * @property {any} actor
 * @property {string} at
 * @property {Op[]} ops
 *
 * @typedef {object} PendingTx
 * @property {string} key where it lies in the queue
 * @property {string} item
 * @property {string} user
 * @property {string} client_id
 * @property {number} seq
 * @property {string} epoch
 * @property {string} tx_id
 * @property {number} base_rev
 * @property {Op[]} ops
 * @property {string} undo_of
 * @property {Op[]} [preview] what an undo will probably do, shown until the server says what it did
 * @property {string} title
 * @property {boolean} [acked]
 * @property {{code: string, detail: string, current?: any}} [refused]
 *
 * @typedef {object} Attribute what annotators say about each shape of a class
 * @property {string} name
 * @property {"text" | "number" | "checkbox" | "select"} kind
 * @property {string[]} [values] of a select
 * @property {unknown} [default]
 * @property {boolean} [mutable] whether it may change from frame to frame of a track
 *
 * @typedef {object} Label
 * @property {string} id
 * @property {string} name
 * @property {string} color
 * @property {Attribute[]} [attributes]
 * @property {{points?: {name?: string}[] | string[], edges?: [number, number][]} | null} [skeleton]
 *
 * @typedef {object} Sketch
 * @property {Point[]} dots
 * @property {Point[][]} lines dashed
 * @property {Point | null} snap the neighbour's place that the next point will lie on
 *
 * @typedef {object} Peer
 * @property {string} conn
 * @property {{id: string, name: string}} user
 * @property {Point | null} [cursor]
 * @property {number | null} [frame]
 * @property {string[]} [selection]
 * @property {string} [tool]
 * @property {{id: string, geometry: Geometry} | null} [drag]
 * @property {{x: number, y: number, w: number} | null} [view] the middle of their screen and its width, in pixels of the picture
 * @property {boolean} [away] they do nothing for a while, or look at another tab
 * @property {boolean} [given_up] what they held last was let go without a change
 *
 * @typedef {object} ItemFacts
 * @property {string} id
 * @property {string} path
 * @property {"image" | "video"} kind
 * @property {number} width
 * @property {number} height
 * @property {number} frames
 * @property {number} fps
 * @property {number} rev
 * @property {string} epoch
 * @property {string} state
 *
 * @typedef {object} EditorConfig
 * @property {ItemFacts} item
 * @property {Label[]} labels
 * @property {{id: string, name: string, task?: string}} project
 * @property {{id: string, name: string}} user
 * @property {string} role
 * @property {Record<string, string>} [people] names of the project's members, and of whoever drew here, by id
 * @property {boolean} can_edit
 * @property {{state: string, sent_back: {by: string, at: string, reason: string} | null, offers: string[], blind: boolean, claimed: boolean, consensus: boolean}} work
 * @property {{socket: string, annotations: string, tx: string, frames: string, playback: string, picture: string, project: string, previous: string, next: string}} urls
 */
export {};

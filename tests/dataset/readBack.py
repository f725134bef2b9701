"""Reads a dataset with other people's readers: prints {stem: labels as base64} per format, and the classes found."""
import base64, glob, io, json, os, sys, tarfile
import xml.etree.ElementTree as ET
import numpy as np
from PIL import Image

try:
    from skimage.io import imread
except ImportError:  # Pillow reads the same

    def imread(path):
        return np.array(Image.open(path))


root = sys.argv[1]
out = {}


def put(fmt, stem, labels):
    out.setdefault(fmt, {"masks": {}, "names": {}})["masks"][stem] = base64.b64encode(labels.astype(np.uint8).tobytes()).decode()


def index_masks(fmt, pattern):
    for path in glob.glob(os.path.join(root, fmt, pattern)):
        mask = Image.open(path)
        assert mask.mode == "P", mask.mode
        put(fmt, os.path.splitext(os.path.basename(path))[0], np.array(mask))


index_masks("folders", "masks/*.png")
index_masks("voc", "SegmentationClass/*.png")
index_masks("mmseg", "ann_dir/*/*.png")
index_masks("huggingface", "*/masks/*.png")
index_masks("spade", "*_label/*.png")

for line in open(os.path.join(root, "voc/labelmap.txt")).read().splitlines()[1:]:
    name, rgb, _, _ = line.split(":")
    out["voc"]["names"][name] = "#%02x%02x%02x" % tuple(int(v) for v in rgb.split(","))
for path in glob.glob(os.path.join(root, "huggingface/*/metadata.jsonl")):
    for line in open(path):
        row = json.loads(line)
        for key in ("file_name", "mask_file_name"):
            Image.open(os.path.join(os.path.dirname(path), row[key])).load()
scope = {"__file__": os.path.join(root, "mmseg/dataset_config.py")}
exec(open(scope["__file__"]).read(), scope)
out["mmseg"]["names"] = {n: "#%02x%02x%02x" % tuple(c) for n, c in zip(scope["metainfo"]["classes"], scope["metainfo"]["palette"])}

for path in glob.glob(os.path.join(root, "authors/label_klish_*/*.png")):
    rgb = np.array(Image.open(path))
    assert rgb.shape[2] == 3 and (rgb[..., :1] == rgb).all()
    put("authors", os.path.splitext(os.path.basename(path))[0], rgb[..., 0])

for path in sorted(glob.glob(os.path.join(root, "webdataset/*.tar"))):
    with tarfile.open(path) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}
    for name, data in files.items():
        if name.endswith(".seg.png"):
            stem = name[: -len(".seg.png")]
            Image.open(io.BytesIO(files[stem + ".png"])).load()
            assert json.loads(files[stem + ".json"])["name"] == stem
            put("webdataset", stem, np.array(Image.open(io.BytesIO(data))))

def coco_mask(segmentation):
    """A mask from compressed run lengths, as COCO's documentation describes them: for where pycocotools is not installed."""
    h, w = segmentation["size"]
    counts, values, shift, value = segmentation["counts"], [], 0, 0
    for char in counts:
        code = ord(char) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:  # more groups follow
            continue
        if code & 0x10:  # the number is negative
            value -= 1 << shift
        values.append(value + (values[-2] if len(values) > 2 else 0))
        shift, value = 0, 0
    assert sum(values) == h * w and min(values) >= 0
    return np.repeat(np.arange(len(values)) % 2, values).reshape((h, w), order="F").astype(bool)


try:
    from pycocotools import mask as coco_api

    out["coco reader"] = "pycocotools"
    decode = lambda segmentation: coco_api.decode(segmentation).astype(bool)
except ImportError:
    out["coco reader"] = "a decoder of this test"
    decode = coco_mask

for split in ("train", "val", "test"):
    instances = json.load(open(os.path.join(root, "coco/annotations/instances_%s.json" % split)))
    panoptic = json.load(open(os.path.join(root, "coco/annotations/panoptic_%s.json" % split)))
    assert instances["images"] == panoptic["images"] and instances["categories"] == panoptic["categories"]
    things = {c["id"] for c in panoptic["categories"] if c["isthing"]}
    segments = {a["image_id"]: a for a in panoptic["annotations"]}
    for image in instances["images"]:
        stem = os.path.splitext(image["file_name"])[0]
        Image.open(os.path.join(root, "coco", split, image["file_name"])).load()
        entry = segments[image["id"]]
        rgb = imread(os.path.join(root, "coco/panoptic_%s" % split, entry["file_name"])).astype(int)
        ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
        assert ids.shape == (image["height"], image["width"])
        labels = np.full(ids.shape, 255)
        for s in entry["segments_info"]:
            labels[ids == s["id"]] = s["category_id"] - 1
            assert (ids == s["id"]).sum() == s["area"]
        put("coco", stem, labels)
        covered = np.zeros(ids.shape, bool)
        for a in (a for a in instances["annotations"] if a["image_id"] == image["id"]):
            mask = decode(a["segmentation"])
            assert (labels[mask] == a["category_id"] - 1).all() and mask.sum() == a["area"]
            ys, xs = np.nonzero(mask)
            assert a["bbox"] == [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]
            assert not (covered & mask).any()
            covered |= mask
        assert (covered == np.isin(labels, [i - 1 for i in things])).all()
    out["coco"]["names"] = {c["name"]: "#%02x%02x%02x" % tuple(c["color"]) for c in instances["categories"]}

tree = ET.parse(os.path.join(root, "cvat/annotations.xml")).getroot()
names = [l.find("name").text for l in tree.iter("label")]
for image in tree.iter("image"):
    labels = np.full((int(image.get("height")), int(image.get("width"))), 255)
    for mask in image.iter("mask"):
        x, y, w, h = (int(mask.get(k)) for k in ("left", "top", "width", "height"))
        runs = [int(v) for v in mask.get("rle").split(",")]
        flat = np.repeat(np.arange(len(runs)) % 2, runs).astype(bool).reshape(h, w)
        labels[y : y + h, x : x + w][flat] = names.index(mask.get("label"))
    put("cvat", os.path.splitext(image.get("name"))[0], labels)
out["cvat"]["names"] = {l.find("name").text: l.find("color").text for l in tree.iter("label")}

config = ET.parse(os.path.join(root, "labelstudio/config.xml")).getroot()
names = [l.get("value") for l in config.iter("Label")]
for task in json.load(open(os.path.join(root, "labelstudio/tasks.json"))):
    stem = os.path.splitext(os.path.basename(task["data"]["image"]))[0]
    for r in task["annotations"][0]["result"]:
        bits = "".join("{:08b}".format(b) for b in r["value"]["rle"])
        at = 0

        def take(n):
            global at
            at += n
            return int(bits[at - n : at], 2)

        length, word = take(32), take(5) + 1
        sizes = [take(4) + 1 for _ in range(4)]
        flat = []
        while len(flat) < length:
            series = take(1)
            n = take(sizes[take(2)]) + 1
            flat += [take(word)] * n if series else [take(word) for _ in range(n)]
        h, w = r["original_height"], r["original_width"]
        rgba = np.array(flat).reshape(h, w, 4)
        key = ("labelstudio", stem)
        labels = out.setdefault("_ls", {}).setdefault(stem, np.full((h, w), 255))
        labels[rgba[..., 3] > 0] = names.index(r["value"]["brushlabels"][0])
for stem, labels in out.pop("_ls", {}).items():
    put("labelstudio", stem, labels)
out["labelstudio"]["names"] = {l.get("value"): l.get("background") for l in config.iter("Label")}
print(json.dumps(out))

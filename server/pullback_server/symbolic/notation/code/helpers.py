"""Functions that generated modules define where a library has no single call for what is needed."""

from __future__ import annotations

from collections.abc import Mapping

from .target import Target

_PRODUCT = '''
def product(x, axes):
    """The product of the entries along some axes."""
    for axis in sorted((axes,) if isinstance(axes, int) else axes, reverse=True):
        x = torch.prod(x, axis)
    return x
'''

_SOFTMAX = '''
def softmax(x, axis):
    """Exponentials along an axis, divided by their sum."""
    scaled = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return scaled / np.sum(scaled, axis=axis, keepdims=True)
'''

_TORCH_OTHERS = '''
def product_of_others(x, axes):
    """At each entry, the product of all the other entries along some axes."""
    axes = [axes] if isinstance(axes, int) else list(axes)
    kept = [k for k in range(x.dim()) if k not in axes]
    rows = x.permute(kept + axes)
    flat = rows.flatten(len(kept))
    diagonal = torch.eye(flat.shape[-1], dtype=torch.bool, device=x.device)
    others = torch.where(diagonal, 1, flat[..., None, :]).prod(-1)
    back = sorted(range(x.dim()), key=(kept + axes).__getitem__)
    return others.reshape(rows.shape).permute(back)
'''

_NUMPY_OTHERS = '''
def product_of_others(x, axes):
    """At each entry, the product of all the other entries along some axes."""
    axes = [axes] if isinstance(axes, int) else list(axes)
    kept = [k for k in range(x.ndim) if k not in axes]
    rows = x.transpose(kept + axes)
    flat = rows.reshape(rows.shape[: len(kept)] + (np.prod(rows.shape[len(kept) :], dtype=int),))
    others = np.where(np.eye(flat.shape[-1], dtype=bool), 1, flat[..., None, :]).prod(-1)
    return others.reshape(rows.shape).transpose(np.argsort(kept + axes))
'''

_TORCH_COFACTOR = '''
def cofactor(x):
    """The derivative of the determinant, also where that is 0."""
    u, s, vh = torch.linalg.svd(x)
    diagonal = torch.eye(s.shape[-1], dtype=torch.bool, device=x.device)
    others = torch.where(diagonal, 1, s[..., None, :]).prod(-1)
    sign = torch.linalg.det(u) * torch.linalg.det(vh)
    return sign[..., None, None] * (u * others[..., None, :]) @ vh
'''

_NUMPY_COFACTOR = '''
def cofactor(x):
    """The derivative of the determinant, also where that is 0."""
    u, s, vh = np.linalg.svd(x)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (u * others[..., None, :]) @ vh
'''

_TORCH_GATHER = '''
def gather(x, axes, *indices):
    """The entries of x at these indices along some axes, the other axes first; out of range it reads the nearest."""
    kept = [k for k in range(x.dim()) if k not in axes]
    lengths = [x.shape[k] for k in axes]
    places = [torch.as_tensor(i, device=x.device).long() for i in indices]
    if 0 in lengths:
        shape = torch.broadcast_shapes(*(i.shape for i in places))
        return x.new_zeros([x.shape[k] for k in kept] + list(shape))
    places = [torch.where(i < 0, i + n, i).clamp(0, n - 1) for i, n in zip(places, lengths)]
    return x.permute(*kept, *axes)[(slice(None),) * len(kept) + tuple(places)]
'''

_NUMPY_GATHER = '''
def gather(x, axes, *indices):
    """The entries of x at these indices along some axes, the other axes first; out of range it reads the nearest."""
    kept = [k for k in range(x.ndim) if k not in axes]
    lengths = [x.shape[k] for k in axes]
    places = [np.asarray(i).astype(int) for i in indices]
    if 0 in lengths:
        return np.zeros([x.shape[k] for k in kept] + list(np.broadcast(*places).shape))
    places = [np.clip(np.where(i < 0, i + n, i), 0, n - 1) for i, n in zip(places, lengths)]
    return x.transpose(*kept, *axes)[(slice(None),) * len(kept) + tuple(places)]
'''

_TORCH_SCATTER = '''
def scatter(value, kept, lengths, *indices):
    """The sum of the entries at each place: the first `kept` axes stay, the others go where the indices say."""
    like = next(t for t in (value, *indices) if torch.is_tensor(t))
    value, *places = torch.broadcast_tensors(*(torch.as_tensor(t).to(like) for t in (value, *indices)))
    places = [torch.where(i < 0, i + n, i).long() for i, n in zip(places, lengths)]
    valid = torch.stack([(i >= 0) & (i < n) for i, n in zip(places, lengths)]).all(0)
    rows = valid.nonzero(as_tuple=True)[:kept]
    out = value.new_zeros((*value.shape[:kept], *lengths))
    return out.index_put((*rows, *(i[valid] for i in places)), value[valid], accumulate=True)
'''

_NUMPY_SCATTER = '''
def scatter(value, kept, lengths, *indices):
    """The sum of the entries at each place: the first `kept` axes stay, the others go where the indices say."""
    value, *places = np.broadcast_arrays(value, *indices)
    places = [np.where(i < 0, i + n, i).astype(int) for i, n in zip(places, lengths)]
    valid = np.all([(i >= 0) & (i < n) for i, n in zip(places, lengths)], axis=0)
    rows = np.nonzero(valid)[:kept]
    out = np.zeros((*value.shape[:kept], *lengths))
    np.add.at(out, (*rows, *(i[valid] for i in places)), value[valid])
    return out
'''

#: The text of each helper in the libraries whose modules need it.
HELPERS: dict[str, Mapping[Target, str]] = {
    "product": {Target.TORCH: _PRODUCT},
    "softmax": {Target.NUMPY: _SOFTMAX},
    "product_of_others": {Target.TORCH: _TORCH_OTHERS, Target.NUMPY: _NUMPY_OTHERS},
    "cofactor": {Target.TORCH: _TORCH_COFACTOR, Target.NUMPY: _NUMPY_COFACTOR},
    "gather": {Target.TORCH: _TORCH_GATHER, Target.NUMPY: _NUMPY_GATHER},
    "scatter": {Target.TORCH: _TORCH_SCATTER, Target.NUMPY: _NUMPY_SCATTER},
}

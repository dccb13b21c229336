#pragma once

namespace turms {

/// Calls the one of several lambdas that takes what a variant holds: for std::visit.
template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace turms

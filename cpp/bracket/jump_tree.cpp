#include "bracket/jump_tree.hpp"

#include <numeric>
#include <utility>

namespace mel {

JumpTree::JumpTree(const JumpModel& model, double reach, double most)
    : reach_(reach), most_(most), nodes_(1) {
    std::vector<std::size_t> jumps(model.jumps.size());
    std::iota(jumps.begin(), jumps.end(), std::size_t{0});
    open_.push_back({0, model, std::move(jumps), {}});
}

JumpTree::Open JumpTree::below(const Open& open, std::size_t jump, bool other,
                               std::size_t node) const {
    Open held{node, open.model.holding(jump, other), open.jumps, open.held};
    held.jumps.erase(held.jumps.begin() + static_cast<std::ptrdiff_t>(jump));
    held.held.push_back({open.jumps[jump], other});
    return held;
}

JumpTree::Found JumpTree::holding(const JumpModel& model, const std::vector<std::size_t>& flips) {
    Found found;
    found.place = model.making_up(flips);
    std::vector<bool> flipped(model.jumps.size(), false);
    for (const std::size_t flip : flips) flipped[flip] = true;
    for (std::size_t i = 0; i < model.jumps.size(); ++i) {
        const bool would = JumpModel::gain(model.jumps[i], found.place) > 0;
        if (flipped[i] || would) found.held.push_back({i, flipped[i]});
    }
    return found;
}

JumpTree::Outcome JumpTree::grow(double goal, std::size_t most_leaves) {
    std::size_t leaves = 1;
    bool better = false;
    while (!open_.empty()) {
        Open open = std::move(open_.back());
        open_.pop_back();
        JumpModel::Place& place = nodes_[open.node].place;
        place = open.model.best(reach_, most_);
        if (open.model.stopped()) return Outcome::too_large;  // a place cut short proves nothing
        if (place.amount >= goal) continue;
        const std::size_t torn = open.model.most_torn(place);
        if (torn == open.model.jumps.size()) {
            // Nobody is torn: what all do at these prices is one split.
            if (!better || place.amount < found_.place.amount) found_ = {open.held, place};
            better = true;
            continue;
        }
        if (++leaves > most_leaves) return Outcome::too_large;
        Node& node = nodes_[open.node];
        node.jump = open.jumps[torn];
        node.taken = nodes_.size();
        node.other = nodes_.size() + 1;
        const std::size_t first = node.taken;
        nodes_.resize(first + 2);
        open_.push_back(below(open, torn, true, first + 1));
        open_.push_back(below(open, torn, false, first));
    }
    return better ? Outcome::better : Outcome::closed;
}

}  // namespace mel

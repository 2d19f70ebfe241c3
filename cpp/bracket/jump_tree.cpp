#include "bracket/jump_tree.hpp"

#include <numeric>
#include <utility>

namespace mel {

JumpTree::JumpTree(const JumpModel& model, JumpModel::Within within) : within_(within), nodes_(1) {
    std::vector<std::size_t> jumps(model.jumps.size());
    std::iota(jumps.begin(), jumps.end(), std::size_t{0});
    open_.push_back({0, model, std::move(jumps), {}});
}

JumpTree::Open JumpTree::below(const Open& open, std::size_t jump, bool other,
                               std::size_t node) const {
    Open fixed{node, open.model.fixing(jump, other), open.jumps, open.fixed};
    fixed.jumps.erase(fixed.jumps.begin() + static_cast<std::ptrdiff_t>(jump));
    fixed.fixed.push_back({open.jumps[jump], other});
    return fixed;
}

JumpTree::Found JumpTree::fixing(const JumpModel& model, const std::vector<std::size_t>& flips) {
    Found found;
    found.place = model.making_up(flips);
    std::vector<bool> flipped(model.jumps.size(), false);
    for (const std::size_t flip : flips) flipped[flip] = true;
    for (std::size_t i = 0; i < model.jumps.size(); ++i) {
        const bool would = JumpModel::gain(model.jumps[i], found.place) > 0;
        if (flipped[i] || would) found.fixed.push_back({i, flipped[i]});
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
        place = open.model.best(within_);
        if (open.model.stopped()) return Outcome::too_large;  // a place cut short proves nothing
        if (place.amount >= goal) continue;
        const std::size_t switching = open.model.switching_learner(place);
        if (switching == open.model.jumps.size()) {
            // Nobody is switching: what all do at these prices is one split.
            if (!better || place.amount < found_.place.amount) found_ = {open.fixed, place};
            better = true;
            continue;
        }
        if (++leaves > most_leaves) return Outcome::too_large;
        Node& node = nodes_[open.node];
        node.jump = open.jumps[switching];
        node.taken = nodes_.size();
        node.other = nodes_.size() + 1;
        const std::size_t first = node.taken;
        nodes_.resize(first + 2);
        open_.push_back(below(open, switching, true, first + 1));
        open_.push_back(below(open, switching, false, first));
    }
    return better ? Outcome::better : Outcome::closed;
}

}  // namespace mel

#include "shards/questions.hpp"

namespace mel {
namespace {
constexpr std::size_t head = 10;

[[noreturn]] void refuse_question() { throw std::invalid_argument("no question to a shard"); }
}  // namespace

Message written(const Question& q) {
    Message m{static_cast<double>(q.ask),
              q.point.tau,
              q.point.cycle_s,
              q.point.prices.lambda,
              q.point.prices.mu,
              q.scale[0],
              q.scale[1],
              q.scale[2],
              static_cast<double>(q.roots),
              static_cast<double>(q.steps.size())};
    for (const Message& step : q.steps) {
        m.push_back(static_cast<double>(step.size()));
        m.insert(m.end(), step.begin(), step.end());
    }
    return m;
}

Question read_question(std::span<const double> m) {
    if (m.size() < head || !(m[0] >= 0 && m[0] < static_cast<double>(Ask::count))) {
        refuse_question();
    }
    Question q;
    q.ask = static_cast<Ask>(static_cast<int>(m[0]));
    q.point = {m[1], m[2], {m[3], m[4]}};
    std::copy(&m[5], &m[5] + 3, q.scale);
    q.roots = m[8] == 0 ? Roots::exact : Roots::near;
    std::size_t at = head;
    while (at < m.size()) {
        const double length = m[at++];
        if (!(length >= 1 && length <= static_cast<double>(m.size() - at))) refuse_question();
        const auto size = static_cast<std::size_t>(length);
        q.steps.emplace_back(m.begin() + static_cast<std::ptrdiff_t>(at),
                             m.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
    }
    if (static_cast<double>(q.steps.size()) != m[head - 1]) refuse_question();
    return q;
}

}  // namespace mel

// What a leaf counts parts of so many samples for.
#pragma once

namespace mel {

struct LeafParts {
    double per_part = 0;
    double part = 0;  // samples; 0: none count
    // Whoever may hold more, or must take part, has whole parts less from all that it may hold
    // downwards; below 0: nobody.
    double above = -1;
};

}  // namespace mel

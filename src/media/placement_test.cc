#include "media/placement.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::media {
namespace {

using Worker = Placement::Worker;
using Part = Placement::Part;

const Placement kPlacement(64);

TEST(Placement, ARoomGoesWhereThereIsLeastToDo) {
  EXPECT_EQ(Placement::for_room(std::vector<Worker>{{}, {}}), 0U);
  EXPECT_EQ(Placement::for_room(std::vector<Worker>{{.transports = 3}, {.transports = 2}}), 1U);
  EXPECT_EQ(Placement::for_room(std::vector<Worker>{{.rooms = 1}, {.rooms = 0}}), 1U);
  // What is measured counts before what is counted, unless it is nearly nothing.
  EXPECT_EQ(Placement::for_room(std::vector<Worker>{{.load = 0.6, .transports = 2},
                                                    {.load = 0.3, .transports = 50}}),
            1U);
  EXPECT_EQ(Placement::for_room(std::vector<Worker>{{.load = 0.2, .transports = 2},
                                                    {.load = 0.1, .transports = 50}}),
            0U);
}

TEST(Placement, ASmallRoomStaysTogether) {
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 0.7, .transports = 90}, {}},
                                  std::vector<Part>{{0, 63}}),
            0U);
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 0.95, .transports = 90}, {}},
                                  std::vector<Part>{{0, 3}}),
            0U);
}

TEST(Placement, ALargeRoomSpreads) {
  const std::vector<Worker> workers = {{.transports = 64}, {.transports = 10}, {.transports = 9}};
  EXPECT_EQ(kPlacement.for_member(workers, std::vector<Part>{{0, 64}}), 2U);
  // To where it has least, once it is there.
  EXPECT_EQ(kPlacement.for_member(workers, std::vector<Part>{{0, 64}, {2, 1}}), 2U);
  EXPECT_EQ(kPlacement.for_member(workers, std::vector<Part>{{0, 64}, {2, 64}}), 1U);
  EXPECT_EQ(kPlacement.for_member(workers, std::vector<Part>{{0, 70}, {1, 64}, {2, 66}}), 1U);
}

TEST(Placement, ALargeRoomDoesNotSpreadToWhoHasMoreToDo) {
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 0.3}, {.load = 0.9}},
                                  std::vector<Part>{{0, 64}}),
            0U);
}

TEST(Placement, ABusyWorkerGetsNoFurtherMembers) {
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 0.8}, {.load = 0.5}},
                                  std::vector<Part>{{0, 4}}),
            1U);
  // Not when the other one is nearly as busy.
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 0.8}, {.load = 0.6}},
                                  std::vector<Part>{{0, 4}}),
            0U);
}

TEST(Placement, OneWorkerTakesAll) {
  EXPECT_EQ(kPlacement.for_member(std::vector<Worker>{{.load = 1}}, std::vector<Part>{{0, 500}}),
            0U);
}

}  // namespace
}  // namespace turms::media
